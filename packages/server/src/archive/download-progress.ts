import type { Downloads } from '@wirephoto/board'

/** Time between two messages about a download: four a second. */
const TELL_INTERVAL_MS = 250

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

/** Tells readers on their pages how far their downloads are. The latest state wins, and nothing is queued (F12). */
export class DownloadProgress {
  readonly #tell: (board: string, visitor: string, downloads: Downloads) => void

  constructor(tell: (board: string, visitor: string, downloads: Downloads) => void) {
    this.#tell = tell
  }

  /** Begins with a part, which goes from `start` up to and excluding `end`. */
  begin(
    { board, visitor, id, total }: NamedDownload,
    { start, end }: { readonly start: number; readonly end: number },
  ): SentPart {
    let sent = start
    let toldAt = Number.NEGATIVE_INFINITY
    const tell = (state: State['state']) => {
      toldAt = performance.now()
      this.#tell(board, visitor, { [id]: { sent, total, state } })
    }
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
}
