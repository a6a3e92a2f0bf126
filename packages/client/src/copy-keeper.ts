import type { Cursor } from '@wirephoto/board'
import { BoardCopies } from './board-copies.ts'
import type { Emitter } from './events.ts'
import type { Replica } from './replica.ts'
import type { BoardEvents, Status } from './types.ts'
import { type BoardAddress, snapshotUrl } from './urls.ts'

/** The least time between two copies of a board that changes. */
const COPY_INTERVAL_MS = 3_000
/** The same in relation to what a copy costs: at most half a percent of the page's time. */
const COPY_COST_FACTOR = 200

/** The board that is copied. */
interface CopiedBoard {
  readonly status: Status
  readonly replica: Replica
  readonly events: Emitter<BoardEvents>
  /** Settles when earlier pages' commands and files are here. */
  readonly restored: Promise<void>
  readonly feed: { goOnFrom(cursor: Cursor): boolean }
  setStatus(news: Partial<Status>): void
}

/** Opens a board's copy in this browser. Rejects where the browser keeps nothing for sites. */
export const openCopy = async (endpoint: BoardAddress, board: CopiedBoard): Promise<CopyKeeper> =>
  new CopyKeeper(snapshotUrl(endpoint), await BoardCopies.open(endpoint.url), board)

/** Removes the copy of a board that no page here shows. */
export async function removeCopy(board: BoardAddress): Promise<void> {
  const copies = await BoardCopies.open(board.url)
  await copies.remove(snapshotUrl(board))
  copies.close()
}

/** Keeps a copy of one board in this browser, and shows it while the server doesn't answer. */
export class CopyKeeper {
  readonly #address: string
  readonly #copies: BoardCopies
  readonly #board: CopiedBoard
  /** The cursor of the copy that was written last. */
  #written: Cursor | null = null
  /** When the server last told of each change, in milliseconds since 1970. */
  #liveAt = 0
  /** A monotonic time in milliseconds. */
  #nextAt = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #listening = new AbortController()
  readonly #offs: (() => void)[]

  constructor(address: string, copies: BoardCopies, board: CopiedBoard) {
    this.#address = address
    this.#copies = copies
    this.#board = board
    const { events } = board
    this.#offs = [
      events.on('pictures', () => this.#writeLater()),
      events.on('settings', () => this.#writeLater()),
      events.on('status', (status) => this.#onStatus(status)),
    ]
    const { signal } = this.#listening
    window.addEventListener('pagehide', () => this.#write(), { signal })
    document.addEventListener('visibilitychange', () => document.hidden && this.#write(), {
      signal,
    })
    this.#onStatus(board.status)
  }

  /** Shows the copy, unless the server's own board is here by then. */
  async show(): Promise<void> {
    if (this.#board.status.loaded) return
    const copy = await this.#copies.read(this.#address).catch(() => null)
    await this.#board.restored
    const { status, feed, replica } = this.#board
    if (
      !copy ||
      status.loaded ||
      status.connection === 'closed' ||
      !feed.goOnFrom(copy.snapshot.cursor)
    )
      return
    this.#written = copy.snapshot.cursor
    replica.loadCopy(copy.snapshot)
    this.#board.setStatus({ loaded: true, copiedAt: copy.copiedAt })
  }

  #onStatus({ connection, loaded, refused }: Status): void {
    if (refused && refused.code !== 'old-page') this.#onRefused()
    else if (connection === 'live') this.#writeLater()
    else if (loaded) this.#write()
    if (connection === 'closed') this.#close()
  }

  /** The board isn't for us any more. */
  #onRefused(): void {
    const { replica, status } = this.#board
    const { snapshot } = replica
    this.#attempt(this.#copies.remove(this.#address))
    this.#close()
    if (!snapshot || status.copiedAt === null) return
    replica.loadCopy({ ...snapshot, records: [] })
    this.#board.setStatus({ loaded: false, copiedAt: null })
  }

  #writeLater(): void {
    if (!this.#board.replica.isLoaded) return
    this.#noteLive()
    const wait = Math.max(COPY_INTERVAL_MS, this.#nextAt - performance.now())
    this.#timer ??= setTimeout(() => {
      this.#write()
      this.#attempt(this.#copies.trim())
    }, wait)
  }

  /** Writes the copy now: the page may be going, or the server has gone. */
  #write(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { snapshot, isLoaded } = this.#board.replica
    if (!snapshot || !isLoaded) return
    this.#noteLive()
    const startedAt = performance.now()
    const isKnown = snapshot.cursor === this.#written
    this.#written = snapshot.cursor
    const copy = { snapshot, copiedAt: this.#liveAt }
    this.#attempt(this.#copies.write(this.#address, copy, isKnown))
    this.#nextAt = performance.now() + (performance.now() - startedAt) * COPY_COST_FACTOR
  }

  /** Lets a change of the copies fail: it costs only what the next page would have shown. */
  #attempt(change: Promise<void>): void {
    change.catch(() => {})
  }

  #noteLive(): void {
    if (this.#board.status.connection === 'live' || this.#liveAt === 0) this.#liveAt = Date.now()
  }

  #close(): void {
    clearTimeout(this.#timer)
    this.#listening.abort()
    for (const off of this.#offs) off()
    // Writes under way are still done.
    this.#copies.close()
  }
}
