import {
  type AnyRecord,
  type Change,
  Draft,
  type FreeSpots,
  idOf,
  picturesOnBoard,
} from '@wirephoto/board'
import { SharedSpots } from './shared-spots.ts'

/** The uppermost picture of some records, followed through their changes (P24). */
class Topmost {
  /** Undefined while nobody knows, since the one on top has gone. */
  #top: { readonly id: string; readonly z: string } | null | undefined

  constructor(before?: Topmost) {
    this.#top = before ? before.#top : null
  }

  /** Notes the newest state of a record; undefined for one that is gone. */
  note(id: string, record: AnyRecord | undefined): void {
    const top = this.#top
    if (top === undefined) return
    const isShown = record?.kind === 'image' && record.deletedAt === null
    if (isShown && (top === null || record.z >= top.z)) this.#top = { id, z: record.z }
    else if (top?.id === id) this.#top = undefined
  }

  /** Returns its z, or null if the board is empty. */
  zIn(records: { values(): Iterable<AnyRecord> }): string | null {
    if (this.#top === undefined) {
      this.#top = null
      for (const picture of picturesOnBoard(records)) this.note(picture.id, picture)
    }
    return this.#top?.z ?? null
  }
}

/** Returns 1 for a picture that is marked to be purged, else 0. */
const marks = (record: AnyRecord | undefined): number =>
  Number(record?.kind === 'image' && record.purgeAt !== null)

/** The records of a live board, by id. */
export class BoardRecords extends Map<string, AnyRecord> {
  #topmost = new Topmost()
  #markedCount = 0
  #spots = new SharedSpots(this)

  /** The number of pictures that are marked to be purged. */
  get markedCount(): number {
    return this.#markedCount
  }

  get topmost(): string | null {
    return this.#topmost.zIn(this)
  }

  /** Returns changes to lay over these records. */
  draft(): BoardDraft {
    return new BoardDraft(this, this.#spots, () => {
      this.#topmost.zIn(this)
      return new Topmost(this.#topmost)
    })
  }

  override set(id: string, record: AnyRecord): this {
    this.#markedCount += marks(record) - marks(this.get(id))
    this.#topmost.note(id, record)
    this.#spots.note(this.get(id), record)
    return super.set(id, record)
  }

  override delete(id: string): boolean {
    this.#markedCount -= marks(this.get(id))
    this.#topmost.note(id, undefined)
    this.#spots.note(this.get(id), undefined)
    return super.delete(id)
  }

  override clear(): void {
    this.#topmost = new Topmost()
    this.#markedCount = 0
    this.#spots = new SharedSpots(this)
    super.clear()
  }
}

/** Changes laid over the records of a live board. */
class BoardDraft extends Draft {
  readonly #base: BoardRecords
  readonly #spots: SharedSpots
  readonly #findTopmost: () => Topmost
  /** Undefined until somebody asks: most ticks add no picture. */
  #topmost: Topmost | undefined
  #markedCount: number

  constructor(base: BoardRecords, spots: SharedSpots, findTopmost: () => Topmost) {
    super(base)
    this.#base = base
    this.#spots = spots
    this.#markedCount = base.markedCount
    this.#findTopmost = findTopmost
  }

  get topmost(): string | null {
    if (!this.#topmost) {
      this.#topmost = this.#findTopmost()
      for (const change of this.changes) note(this.#topmost, change)
    }
    return this.#topmost.zIn(this)
  }

  /** The number of pictures that are marked to be purged. */
  get markedCount(): number {
    return this.#markedCount
  }

  /** Where there is room, by the board's records with these changes. */
  get freeSpots(): FreeSpots {
    return this.#spots.lentTo(this, () =>
      this.changes.map((change) => [this.#base.get(idOf(change)), recordIn(change)]),
    )
  }

  override add(changes: readonly Change[]): void {
    for (const change of changes) {
      const [before, after] = [this.get(idOf(change)), recordIn(change)]
      this.#markedCount += marks(after) - marks(before)
      this.#spots.noteIn(this, before, after)
      super.add([change])
    }
    if (this.#topmost) for (const change of changes) note(this.#topmost, change)
  }
}

const note = (topmost: Topmost, change: Change): void =>
  topmost.note(idOf(change), recordIn(change))

/** Returns the record that a change puts; undefined for one that it removes. */
const recordIn = (change: Change): AnyRecord | undefined =>
  'put' in change ? change.put : undefined
