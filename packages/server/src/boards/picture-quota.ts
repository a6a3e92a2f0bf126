import { limits, linkFull, picturesFull, type WireError } from '@wirephoto/board'
import type { Bounds } from '../bounds.ts'
import { type Amount, NOTHING } from '../fairness/minute-shares.ts'
import type { GiveBack, PictureRates } from './picture-rates.ts'
import { type PictureTally, sumOf } from './picture-tally.ts'
import type { Quota, Sender } from './sender.ts'

/** A full board goes this part of its bound beyond it, by pictures that are marked to be purged (Y80). */
const MARKED_SHARE_FACTOR = 10

/** The part of a board that a file on its way will take: a picture if it has no record yet, and bytes. */
export interface Promised extends Amount {
  readonly link: string | null
}

/** The pictures that a board has room for, in all and by each link. */
export class PictureQuota {
  readonly #board: string
  readonly #tally: PictureTally
  readonly #bounds: Bounds
  readonly #rates: PictureRates
  /** The own bounds of links that somebody came by lately. */
  readonly #quotas = new Map<string, Quota>()
  /** Returns what files on their way have been promised: all, or those alone whose picture has no record yet. */
  promised: (which: 'all' | 'without record') => readonly Promised[] = () => []

  constructor(board: string, tally: PictureTally, bounds: Bounds, rates: PictureRates) {
    this.#board = board
    this.#tally = tally
    this.#bounds = bounds
    this.#rates = rates
  }

  /** Returns what came by a link and is on the board or in its trash. */
  usedBy(link: string): Amount {
    return this.#tally.of(link)
  }

  /**
   * Lets a file begin beside the others, or throws `pictures-full` or `link-full`, and `too-fast`. The file has to be
   * among the promised in the same turn of the event loop. `goesOn` says whether its sender tries again by itself.
   */
  admit(sender: Sender, wanted: Amount, goesOn = false): void {
    this.assertRoom(sender, wanted)
    this.#rates.charge(this.#board, sender, wanted, goesOn)
  }

  /** Lets in more of a request that was let in, however fast that is. Throws `pictures-full` or `link-full`. */
  admitMore(sender: Sender, wanted: Amount): void {
    this.assertRoom(sender, wanted)
    this.#rates.add(this.#board, sender, wanted)
  }

  /** Throws `pictures-full` or `link-full` where there is no room beside what others are promised. */
  assertRoom(sender: Sender, wanted: Amount): void {
    const refusal = this.refusalOf(sender, wanted, this.#tally, this.promised('all'))
    if (refusal) throw refusal
  }

  /** Counts a picture that somebody adds to the minute of their link. Throws `too-fast`. */
  charge(sender: Sender, wanted: Amount): GiveBack | null {
    return this.#rates.charge(this.#board, sender, wanted, true)
  }

  /** Returns why there is no room for so much beside what a tally counts and others are promised; null if there is. */
  refusalOf(
    { quota }: Sender,
    wanted: Amount,
    tally: PictureTally,
    promised: readonly Promised[] = [],
  ): WireError | null {
    if (quota && quota.link !== null) this.#quotas.set(quota.link, quota)
    const bounds = this.#boardBounds
    const all = sumOf(this.#countedOf(tally), promised.reduce<Amount>(sumOf, NOTHING))
    const full = excess(all, wanted, bounds)
    if (full) return picturesFull({ unit: full, limit: bounds[full] })
    if (!quota) return null
    const { link } = quota
    const own = promised.filter((each) => each.link === link).reduce<Amount>(sumOf, NOTHING)
    const ownBounds = this.#boundsOf(quota)
    const ownFull = excess(sumOf(tally.of(link), own), wanted, ownBounds)
    return ownFull && linkFull({ unit: ownFull, limit: ownBounds[ownFull] }, link !== null)
  }

  /**
   * Returns why a picture that has come may not be stored: another server has filled the board, or its link, meanwhile.
   * One that was promised here goes beyond the bound rather than be refused.
   */
  refusalToStore(link: string | null, tally: PictureTally): WireError | null {
    const { bytes: limit } = this.#boardBounds
    if (this.#countedOf(tally).bytes >= limit) return picturesFull({ unit: 'bytes', limit })
    if (link === null) return null
    const own = this.#boundsOf(this.#quotas.get(link) ?? { link })
    return tally.of(link).bytes >= own.bytes
      ? linkFull({ unit: 'bytes', limit: own.bytes }, true)
      : null
  }

  get #boardBounds(): Amount {
    const bounds = this.#bounds
    return { pictures: bounds['pictures-per-board'], bytes: bounds['picture-bytes-per-board'] }
  }

  /** Returns the pictures that count. Those that are marked are about to go, so emptying the trash makes room. */
  #countedOf({ all, marked }: PictureTally): Amount {
    const bounds = this.#boardBounds
    return {
      pictures: all.pictures - Math.min(marked.pictures, limits.markedBeyondFullCount),
      bytes: all.bytes - Math.min(marked.bytes, bounds.bytes / MARKED_SHARE_FACTOR),
    }
  }

  #boundsOf({ link, pictures, bytes }: Quota): Amount {
    const bounds = this.#bounds
    if (link === null)
      return {
        pictures: bounds['pictures-of-strangers'],
        bytes: bounds['picture-bytes-of-strangers'],
      }
    return {
      pictures: pictures ?? bounds['pictures-per-link'],
      bytes: bytes ?? bounds['picture-bytes-per-link'],
    }
  }
}

/** Returns what would be too much beside what is there; null if nothing. */
function excess(there: Amount, wanted: Amount, bounds: Amount): keyof Amount | null {
  for (const unit of ['pictures', 'bytes'] as const)
    if (wanted[unit] > 0 && there[unit] + wanted[unit] > bounds[unit]) return unit
  return null
}
