import { WireError } from '@wirephoto/board'
import { LEVELS, type Party, partyToGiveWay } from './party.ts'

/** One of a bounded number of places, until it is disposed. */
export interface Slot extends Disposable {
  /** Notes that the work goes on. The slot that has made no progress for longest gives way first. */
  progress(): void
}

interface Occupant {
  readonly party: Party
  readonly giveWay: () => void
  progressedAt: number
}

/** A bounded number of places for work that takes as long as its client likes. */
export class FairSlots {
  readonly #max: number
  readonly #occupants = new Set<Occupant>()
  #clock = 0

  constructor(max: number) {
    this.#max = max
  }

  get count(): number {
    return this.#occupants.size
  }

  /**
   * Takes a slot. If all are taken, the party that holds most loses the one that has made no progress for longest:
   * its `giveWay` is called. Throws `busy` if that party is the newcomer's own.
   */
  take(party: Party, giveWay: () => void): Slot {
    if (this.#occupants.size >= this.#max) this.#makeRoom(party)
    const occupant: Occupant = { party, giveWay, progressedAt: this.#clock++ }
    this.#occupants.add(occupant)
    return {
      progress: () => {
        occupant.progressedAt = this.#clock++
      },
      [Symbol.dispose]: () => {
        this.#occupants.delete(occupant)
      },
    }
  }

  #makeRoom(newcomer: Party): void {
    const fullest = partyToGiveWay(newcomer, (above) => this.#countsBelow(above))
    const path = fullest && LEVELS.map((level) => fullest[level])
    const [first, ...rest] = path ? this.#below(path) : []
    if (!first) throw new WireError('busy')
    const loser = rest.reduce(
      (least, each) => (each.progressedAt < least.progressedAt ? each : least),
      first,
    )
    this.#occupants.delete(loser)
    loser.giveWay()
  }

  #below(above: readonly string[]): Occupant[] {
    const isBelow = ({ party }: Occupant) => above.every((key, i) => party[LEVELS[i]!] === key)
    return [...this.#occupants].filter(isBelow)
  }

  #countsBelow(above: readonly string[]): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { party } of this.#below(above)) {
      const key = party[LEVELS[above.length]!]
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return counts
  }
}
