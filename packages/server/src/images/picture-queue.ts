import type { ImageRecord } from '@wirephoto/board'
import { FairQueue, type Turn } from '../fairness/fair-queue.ts'
import type { Party } from '../fairness/party.ts'

/** A record that waits for its variants. */
export type PendingRecord = ImageRecord & { blob: string }

/** A picture whose variants are to be made. */
export interface WaitingPicture {
  readonly blob: string
  readonly record: PendingRecord
  /** Boards whose records wait for the variants. */
  readonly boards: Set<string>
}

/** Pictures that wait for their variants, each blob once. The parties that stored them take turns. */
export class PictureQueue {
  readonly #waiting = new Map<string, WaitingPicture>()
  readonly #turns: FairQueue<WaitingPicture>

  constructor(maxCount: number) {
    // A turn costs milliseconds; the first ones of all parties count as equal.
    this.#turns = new FairQueue({ maxCount, estimate: 1 })
  }

  has(blob: string): boolean {
    return this.#waiting.has(blob)
  }

  /** Adds a picture for a party. In a full queue the party with most loses its newest. */
  add(record: PendingRecord, board: string, party: Party): void {
    const { blob } = record
    const known = this.#waiting.get(blob)
    if (known) {
      known.boards.add(board)
      return
    }
    const picture = { blob, record, boards: new Set([board]) }
    this.#waiting.set(blob, picture)
    const displaced = this.#turns.push(party, picture)
    if (displaced) this.#waiting.delete(displaced.blob)
  }

  shift(): Turn<WaitingPicture> | undefined {
    const turn = this.#turns.shift()
    if (turn) this.#waiting.delete(turn.item.blob)
    return turn
  }

  clear(): void {
    this.#turns.clear()
    this.#waiting.clear()
  }
}
