import { type ImageRecord, isNewer } from '@wirephoto/board'

/** A wall that was closed for longer begins afresh, with the newest picture. */
const REMEMBER_MS = 60 * 60_000

/** The news that a wall keeps while its page reloads. */
interface Remembered {
  /** Milliseconds since 1970, by this computer's clock. */
  readonly at: number
  /** When the last picture was stored that the wall knew of, by the server's clock. */
  readonly storedAt: number
  /** Pictures that were still to be shown. */
  readonly waiting: readonly string[]
}

/** The pictures of an event that a wall hasn't had before, and those that are there no more. */
export interface ReadChanges {
  /** The oldest first. A picture whose file was replaced comes again. */
  readonly came: readonly ImageRecord[]
  readonly gone: readonly string[]
}

/** Tells a wall which pictures are news. Those that stand there when it opens are none. */
export class NewsReader {
  readonly #pictures: ReadonlyMap<string, ImageRecord>
  readonly #canBeShown: (record: ImageRecord) => boolean
  /** The pictures that are no news any more, each with its file; null if that was still on its way. */
  readonly #known = new Map<string, string | null>()
  #isOpen = false

  constructor(
    pictures: ReadonlyMap<string, ImageRecord>,
    canBeShown: (record: ImageRecord) => boolean,
  ) {
    this.#pictures = pictures
    this.#canBeShown = canBeShown
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Begins with the board as it stands. After a reload, pictures that came meanwhile are news too. */
  open(remembered: string | null, now: number): ReadChanges {
    this.#isOpen = true
    const before = parse(remembered, now)
    const waiting = new Set(before?.waiting)
    for (const { id, blob, storedAt } of this.#pictures.values()) {
      const isNews = before && storedAt !== null && storedAt > before.storedAt
      if (blob !== null && !isNews && !waiting.has(id)) this.#known.set(id, blob)
    }
    return this.take(this.#pictures.keys())
  }

  /** Looks at the pictures of an event. */
  take(ids: Iterable<string>): ReadChanges {
    const came: ImageRecord[] = []
    const gone: string[] = []
    if (!this.#isOpen) return { came, gone }
    for (const id of ids) {
      const record = this.#pictures.get(id)
      if (!record) this.#known.delete(id)
      if (!record || record.deletedAt !== null) gone.push(id)
      else if (this.#isNews(record)) came.push(record)
    }
    return { came: came.sort((a, b) => (isNewer(a, b) ? 1 : -1)), gone }
  }

  /** Makes a picture news again that went before it was shown. It is, once it is put back. */
  forget(id: string): void {
    this.#known.delete(id)
  }

  /** Returns what the next page of this wall needs to leave out no picture. */
  remember(waiting: readonly string[], now: number): string {
    let last = 0
    for (const { storedAt } of this.#pictures.values()) last = Math.max(last, storedAt ?? 0)
    return JSON.stringify({ at: now, storedAt: last, waiting } satisfies Remembered)
  }

  #isNews(record: ImageRecord): boolean {
    if (!this.#canBeShown(record)) return false
    const { id, blob } = record
    const known = this.#known.get(id)
    if (known !== undefined && (blob === null || known === blob)) return false
    this.#known.set(id, blob)
    // One whose preview was shown is no news again as its file comes.
    return known !== null
  }
}

function parse(text: string | null, now: number): Remembered | null {
  try {
    const { at, storedAt, waiting } = JSON.parse(text ?? 'null') as Remembered
    return Math.abs(now - at) <= REMEMBER_MS && Array.isArray(waiting)
      ? { at, storedAt, waiting }
      : null
  } catch {
    return null
  }
}
