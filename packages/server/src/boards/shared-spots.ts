import { type AnyRecord, FreeSpots } from '@wirephoto/board'

type Step = readonly [before: AnyRecord | undefined, after: AnyRecord | undefined]

/**
 * The free spots of a live board. They follow its records and, for a while, the changes of one draft over these. A
 * copy for each tick would cost as much as the board is large. A draft's changes are taken back once the board itself
 * changes, or another draft asks.
 */
export class SharedSpots {
  readonly #records: { values(): Iterable<AnyRecord> }
  /** Undefined until somebody asks: most ticks add no picture. */
  #spots: FreeSpots | undefined
  #draft: object | null = null
  /** The draft's changes that the spots know of. */
  #steps: Step[] = []

  constructor(records: { values(): Iterable<AnyRecord> }) {
    this.#records = records
  }

  /** Notes a record of the board in place of the one before. */
  note(before: AnyRecord | undefined, after: AnyRecord | undefined): void {
    this.#takeBack()
    this.#spots?.note(before, after)
  }

  /** Notes a record of a draft, if the spots follow it. */
  noteIn(draft: object, before: AnyRecord | undefined, after: AnyRecord | undefined): void {
    if (this.#draft !== draft) return
    this.#spots?.note(before, after)
    this.#steps.push([before, after])
  }

  /** Returns the free spots by a draft, whose changes until now are asked for if need be. */
  lentTo(draft: object, changes: () => readonly Step[]): FreeSpots {
    this.#spots ??= new FreeSpots(this.#records.values())
    if (this.#draft !== draft) {
      this.#takeBack()
      this.#draft = draft
      for (const [before, after] of changes()) this.noteIn(draft, before, after)
    }
    return this.#spots
  }

  #takeBack(): void {
    for (const [before, after] of this.#steps.reverse()) this.#spots?.note(after, before)
    this.#steps = []
    this.#draft = null
  }
}
