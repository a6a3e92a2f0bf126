import type { Downloads } from '@wirephoto/board'

/** Time between two messages about a download: four a second. */
const TELL_INTERVAL_MS = 250
/** Time for which the end of a download is told to readers who ask: several looks of a page that nobody sees. */
const ENDED_KEPT_MS = 30_000
/** Downloads that are told to readers who ask. Over it the oldest is forgotten. */
const MAX_KNOWN_COUNT = 1_000

type State = Downloads[string]

/** The download of an archive, as its reader named it. */
export interface NamedDownload {
  readonly board: string
  readonly visitor: string
  readonly id: string
  /** Bytes of the whole archive. */
  readonly total: number
}

/** A part of a download that is being sent. Disposing it tells how it ended. */
export interface SentPart extends Disposable {
  /** Notes bytes that are on their way to the reader. */
  count(bytes: number): void
}

interface KnownDownload {
  readonly download: NamedDownload
  readonly state: State
  /** When that was so, in milliseconds of this process. */
  readonly at: number
}

/** Tells readers on their pages how far their downloads are. The latest state wins, and nothing is queued (F12). */
export class DownloadProgress {
  readonly #tell: (board: string, visitor: string, downloads: Downloads) => void
  /** The latest state of each download, for readers who ask; the one that began last at the end. */
  readonly #known = new Map<string, KnownDownload>()

  constructor(tell: (board: string, visitor: string, downloads: Downloads) => void) {
    this.#tell = tell
  }

  /** Returns a visitor's downloads of a board that are being sent, or have just ended. */
  snapshot(board: string, visitor: string): Downloads {
    const own: Downloads = {}
    for (const [key, { download, state, at }] of this.#known) {
      if (state.state !== 'sending' && performance.now() - at > ENDED_KEPT_MS)
        this.#known.delete(key)
      else if (download.board === board && download.visitor === visitor) own[download.id] = state
    }
    return own
  }

  /** Begins with a part, which goes from `start` up to and excluding `end`. */
  begin(
    download: NamedDownload,
    { start, end }: { readonly start: number; readonly end: number },
  ): SentPart {
    const { board, visitor, id, total } = download
    const key = [board, visitor, id].join(' ')
    let sent = start
    let toldAt = Number.NEGATIVE_INFINITY
    const tell = (how: State['state']) => {
      toldAt = performance.now()
      const state = { sent, total, state: how }
      this.#known.set(key, { download, state, at: toldAt })
      this.#tell(board, visitor, { [id]: state })
    }
    this.#makeRoom()
    return {
      count: (bytes) => {
        sent += bytes
        if (performance.now() - toldAt >= TELL_INTERVAL_MS) tell('sending')
      },
      [Symbol.dispose]: () => {
        if (sent < end) tell('broken')
        else tell(sent === total ? 'sent' : 'sending')
      },
    }
  }

  #makeRoom(): void {
    if (this.#known.size < MAX_KNOWN_COUNT) return
    const [oldest] = this.#known.keys()
    this.#known.delete(oldest!)
  }
}
