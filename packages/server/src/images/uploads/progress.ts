import type { Arrivals } from '@wirephoto/board'

/** Milliseconds between two messages about a board's arrivals: four a second. */
const INTERVAL = 250
/** Milliseconds without a byte or a word after which an arrival counts as stalled. */
const PATIENCE = 5_000

type State = NonNullable<Arrivals[string]>

/** Whoever looks at a board. */
export interface BoardListener {
  /** The arrivals whose state has changed. */
  readonly onProgress: (incomingFiles: Arrivals) => void
  /** A preview that has just been made. */
  readonly onPreview: (id: string, bytes: Buffer) => void
}

interface Entry {
  state: State
  timer: NodeJS.Timeout
}

/**
 * What is known of the pictures on their way in, told to whoever looks: latest wins, nothing is queued
 * (F12), and nothing of it outlives the server but what the arrivals themselves are.
 */
export class UploadProgress {
  readonly #boards = new Map<string, BoardProgress>()

  /** All of a board, for somebody who has just come. */
  snapshot(board: string): Arrivals {
    return this.#boards.get(board)?.all ?? {}
  }

  /** One looker a board: a room. */
  listen(board: string, looker: BoardListener): () => void {
    const of = this.#of(board)
    of.looker = looker
    return () => {
      of.looker = null
      this.#drop(board)
    }
  }

  /** So many bytes have come. */
  setBytes(board: string, id: string, sent: number, total: number | null): void {
    this.#of(board).set(id, { sent, total, state: 'arriving' })
  }

  /** What its sender says of it; nothing is made up about what isn't on its way. */
  setState(
    board: string,
    id: string,
    state: Exclude<State['state'], 'stalled'>,
    wait?: number,
  ): void {
    const of = this.#of(board)
    of.set(id, { state, ...(wait !== undefined && { wait }) })
  }

  /** There is a preview: to be pushed now, or known from an earlier run of the server. */
  setPreview(board: string, id: string, bytes: Buffer | null): void {
    const of = this.#of(board)
    of.set(id, { preview: true })
    if (bytes) of.looker?.onPreview(id, bytes)
  }

  /** It can be looked at while it comes. */
  setLive(board: string, id: string): void {
    this.#of(board).set(id, { live: true })
  }

  /** It is stored, or never will be. */
  end(board: string, id: string): void {
    this.#boards.get(board)?.end(id)
    this.#drop(board)
  }

  close(): void {
    for (const of of this.#boards.values()) of.close()
    this.#boards.clear()
  }

  #of(board: string): BoardProgress {
    const known = this.#boards.get(board)
    if (known) return known
    const of = new BoardProgress()
    this.#boards.set(board, of)
    return of
  }

  #drop(board: string): void {
    const of = this.#boards.get(board)
    if (!of?.isIdle) return
    of.close()
    this.#boards.delete(board)
  }
}

class BoardProgress {
  looker: BoardListener | null = null
  readonly #entries = new Map<string, Entry>()
  readonly #changed = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #toldAt = 0

  get isIdle(): boolean {
    return this.looker === null && this.#entries.size === 0
  }

  get all(): Arrivals {
    return Object.fromEntries(Array.from(this.#entries, ([id, { state }]) => [id, state]))
  }

  set(id: string, news: Partial<State>): void {
    const entry = this.#entries.get(id)
    const { wait: before, ...known } = entry?.state ?? NEW
    const state = { ...known, ...news }
    if (entry && before === state.wait) {
      entry.state = state
      entry.timer.refresh()
    } else {
      clearTimeout(entry?.timer)
      const timer = setTimeout(() => this.#stall(id), PATIENCE + (state.wait ?? 0)).unref()
      this.#entries.set(id, { state, timer })
    }
    this.#change(id)
  }

  end(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    clearTimeout(entry.timer)
    this.#entries.delete(id)
    this.#change(id)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const { timer } of this.#entries.values()) clearTimeout(timer)
  }

  #stall(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry || entry.state.state === 'failed') return
    const { wait: _, ...rest } = entry.state
    entry.state = { ...rest, state: 'stalled' }
    this.#change(id)
  }

  #change(id: string): void {
    this.#changed.add(id)
    this.#timer ??= setTimeout(
      () => this.#tell(),
      Math.max(0, this.#toldAt + INTERVAL - performance.now()),
    ).unref()
  }

  #tell(): void {
    this.#timer = undefined
    this.#toldAt = performance.now()
    const news: Arrivals = {}
    for (const id of this.#changed) news[id] = this.#entries.get(id)?.state ?? null
    this.#changed.clear()
    this.looker?.onProgress(news)
  }
}

const NEW: State = { sent: 0, total: null, state: 'arriving', preview: false, live: false }
