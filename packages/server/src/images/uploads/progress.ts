import type { AnyRecord, Arrivals, ImageRecord } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'

/** Time between two messages about a board's uploads: four a second. */
const BROADCAST_INTERVAL_MS = 250
/** Uploads in one message: 50 KB a second, which the slowest viewers take. */
const UPLOADS_PER_MESSAGE_COUNT = 100
/** Time without a byte or a message after which an upload counts as stalled. */
const STALL_TIMEOUT_MS = 5_000
/** Time without news of another server after which nothing is known of its upload. */
const REMOTE_TIMEOUT_MS = 15_000
/** Previews of uploads on other servers, for viewers who come later. */
const REMOTE_PREVIEW_BYTES = 32 * 1024 * 1024

type State = NonNullable<Arrivals[string]>

/** Callbacks for one board's uploads. */
export interface BoardListener {
  /** Uploads whose state has changed. */
  readonly onProgress: (arrivals: Arrivals) => void
  /** A preview that was made just now, WebP. */
  readonly onPreview: (id: string, bytes: Buffer) => void
}

/** Callbacks for the uploads of this server, on whatever board, so that others may be told. */
export interface OwnListener {
  readonly onProgress: (board: string, arrivals: Arrivals) => void
  readonly onPreview: (board: string, id: string, bytes: Buffer) => void
}

interface Entry {
  state: State
  timer: NodeJS.Timeout
}

interface RemoteEntry extends Entry {
  /** The server that has the upload. */
  readonly server: string
}

/** Returns whether the record is a picture that waits for its file. */
export const isArriving = (record: AnyRecord | undefined): record is ImageRecord =>
  record?.kind === 'image' && record.blob === null

/**
 * Progress of the uploads of all boards, on this server and as others tell of theirs. The latest state wins and nothing
 * is queued (F12). It lives in memory only.
 */
export class UploadProgress {
  readonly #boards = new Map<string, BoardProgress>()
  readonly #remotePreviews = new LRUCache<string, Buffer>({
    maxSize: REMOTE_PREVIEW_BYTES,
    sizeCalculation: (bytes) => bytes.length + 1,
  })
  /** Told of what happens to the uploads of this server. */
  ownListener: OwnListener = { onProgress() {}, onPreview() {} }
  /** Told of uploads on other servers that are stored or gone. */
  onRemoteEnd: (board: string, id: string) => void = () => {}
  /** Whether another server can be asked for its growing files and large previews. */
  readsFrom: (server: string) => boolean = () => false

  /** Returns the state of every upload of a board, by picture id. */
  snapshot(board: string): Arrivals {
    return this.#boards.get(board)?.all ?? {}
  }

  /** Returns the state of every upload of a board that this server has. */
  ownSnapshot(board: string): Arrivals {
    return this.#boards.get(board)?.own ?? {}
  }

  /** Takes over how far another server's uploads are. */
  receive(board: string, server: string, arrivals: Arrivals): void {
    const states = Object.entries(arrivals).map(([id, state]) => {
      const preview = this.#remotePreviews.has(`${board} ${id}`)
      const reads = this.readsFrom(server)
      const [large, live] = [reads && state?.large === true, reads && state?.live === true]
      return [id, state && { ...state, preview, large, live }] as const
    })
    this.#open(board).setRemote(server, Object.fromEntries(states))
    this.#closeIfIdle(board)
  }

  /** Takes over a preview of another server's upload. */
  receivePreview(board: string, id: string, bytes: Buffer): void {
    this.#remotePreviews.set(`${board} ${id}`, bytes)
    this.#boards.get(board)?.listener?.onPreview(id, bytes)
  }

  /** Returns the server that has an upload, if it is another one; null if nobody has told. */
  serverOf(board: string, id: string): string | null {
    return this.#boards.get(board)?.serverOf(id) ?? null
  }

  /** Returns the preview of another server's upload; null if there is none. */
  remotePreview(board: string, id: string): Buffer | null {
    return this.#remotePreviews.get(`${board} ${id}`) ?? null
  }

  /** Sets a board's listener; a board has one. Returns a function that removes it. */
  listen(board: string, listener: BoardListener): () => void {
    const progress = this.#open(board)
    progress.listener = listener
    return () => {
      progress.listener = null
      this.#closeIfIdle(board)
    }
  }

  /** Sets how many bytes have arrived, and of how many; null if nobody knows. */
  setBytes(board: string, id: string, sent: number, total: number | null): void {
    this.#open(board).set(id, { sent, total, state: 'arriving' })
  }

  /** Sets the state that the sender reports; `wait` is the number of milliseconds until it goes on. */
  setState(
    board: string,
    id: string,
    state: Exclude<State['state'], 'stalled'>,
    wait?: number,
  ): void {
    this.#open(board).set(id, { state, ...(wait !== undefined && { wait }) })
  }

  /** Adds a preview; `bytes` is null if it was made before this server started. */
  setPreview(board: string, id: string, bytes: Buffer | null): void {
    const progress = this.#open(board)
    progress.set(id, { preview: true })
    if (!bytes) return
    progress.listener?.onPreview(id, bytes)
    this.ownListener.onPreview(board, id, bytes)
  }

  /** Marks an upload that has a large preview. */
  setLarge(board: string, id: string): void {
    this.#open(board).set(id, { large: true })
  }

  /** Marks an upload whose file others can read while it grows. */
  setLive(board: string, id: string): void {
    this.#open(board).set(id, { live: true })
  }

  /** Removes an upload that is stored, or that has failed. */
  end(board: string, id: string): void {
    this.#boards.get(board)?.end(id)
    this.#closeIfIdle(board)
  }

  close(): void {
    for (const progress of this.#boards.values()) progress.close()
    this.#boards.clear()
  }

  #open(board: string): BoardProgress {
    const known = this.#boards.get(board)
    if (known) return known
    const progress = new BoardProgress(
      (arrivals) => this.ownListener.onProgress(board, arrivals),
      (id) => this.onRemoteEnd(board, id),
    )
    this.#boards.set(board, progress)
    return progress
  }

  #closeIfIdle(board: string): void {
    const progress = this.#boards.get(board)
    if (!progress?.isIdle) return
    progress.close()
    this.#boards.delete(board)
  }
}

class BoardProgress {
  listener: BoardListener | null = null
  readonly #onOwn: (arrivals: Arrivals) => void
  readonly #onRemoteEnd: (id: string) => void
  readonly #entries = new Map<string, Entry>()
  /** The uploads of other servers, each with the timer that forgets it. */
  readonly #remote = new Map<string, RemoteEntry>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0

  get isIdle(): boolean {
    return this.listener === null && this.#entries.size === 0 && this.#remote.size === 0
  }

  constructor(onOwn: (arrivals: Arrivals) => void, onRemoteEnd: (id: string) => void) {
    this.#onOwn = onOwn
    this.#onRemoteEnd = onRemoteEnd
  }

  get all(): Arrivals {
    return { ...statesOf(this.#remote), ...this.own }
  }

  get own(): Arrivals {
    return statesOf(this.#entries)
  }

  serverOf(id: string): string | null {
    return this.#remote.get(id)?.server ?? null
  }

  /** Sets the states of uploads on other servers; null for one that has ended. An upload that is here counts. */
  setRemote(server: string, arrivals: Arrivals): void {
    const shown = Object.entries(arrivals).filter(([id, state]) => {
      const known = this.#remote.get(id)
      clearTimeout(known?.timer)
      if (state) {
        const timer = setTimeout(
          () => this.setRemote(server, { [id]: null }),
          REMOTE_TIMEOUT_MS,
        ).unref()
        this.#remote.set(id, { state, timer, server })
      } else if (this.#remote.delete(id)) this.#onRemoteEnd(id)
      return !this.#entries.has(id) && (state || known)
    })
    if (shown.length > 0) this.listener?.onProgress(Object.fromEntries(shown))
  }

  set(id: string, change: Partial<State>): void {
    const entry = this.#entries.get(id)
    const { wait: waitBefore, ...known } = entry?.state ?? INITIAL_STATE
    const state = { ...known, ...change }
    if (entry && waitBefore === state.wait) {
      entry.state = state
      entry.timer.refresh()
    } else {
      clearTimeout(entry?.timer)
      const timeout = STALL_TIMEOUT_MS + (state.wait ?? 0)
      const timer = setTimeout(() => this.#stall(id), timeout).unref()
      this.#entries.set(id, { state, timer })
    }
    this.#markChanged(id)
  }

  end(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    clearTimeout(entry.timer)
    this.#entries.delete(id)
    this.#markChanged(id)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const { timer } of [...this.#entries.values(), ...this.#remote.values()])
      clearTimeout(timer)
  }

  #stall(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry || entry.state.state === 'failed') return
    const { wait: _, ...rest } = entry.state
    // The server has every byte, and takes its time over them: no connection is waited for.
    if (rest.state === 'arriving' && rest.sent === rest.total) return
    entry.state = { ...rest, state: 'stalled' }
    this.#markChanged(id)
  }

  #markChanged(id: string): void {
    this.#changed.add(id)
    this.#scheduleNews()
  }

  #scheduleNews(): void {
    const delay = Math.max(0, this.#sentAt + BROADCAST_INTERVAL_MS - performance.now())
    this.#timer ??= setTimeout(() => this.#send(), delay).unref()
  }

  #send(): void {
    this.#timer = undefined
    this.#sentAt = performance.now()
    const changes: Arrivals = {}
    for (const id of this.#changed.keys().take(UPLOADS_PER_MESSAGE_COUNT).toArray()) {
      changes[id] = this.#entries.get(id)?.state ?? null
      this.#changed.delete(id)
    }
    // The others have their turn before these again.
    if (this.#changed.size > 0) this.#scheduleNews()
    this.listener?.onProgress(changes)
    this.#onOwn(changes)
  }
}

const statesOf = (entries: ReadonlyMap<string, Entry>): Arrivals =>
  Object.fromEntries(Array.from(entries, ([id, { state }]) => [id, state]))

const INITIAL_STATE: State = {
  sent: 0,
  total: null,
  state: 'arriving',
  preview: false,
  large: false,
  live: false,
}
