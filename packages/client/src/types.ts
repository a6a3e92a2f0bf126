import type { BoardRecord, ErrorCode } from '@wirephoto/board'
import type { Store } from './store.ts'

export interface OpenOptions {
  /** Origin of the server: `https://board.example`. */
  readonly url: string
  /** Id of the board; the one at `/` is `main`. */
  readonly board: string
  /** Where unsent commands and files are kept. Default: IndexedDB in browsers, memory elsewhere. */
  readonly store?: Store
  /** Outside browsers: who is asking, 128 random bits in base64url. Default: somebody new. */
  readonly token?: string
}

export interface NewPicture {
  /** UUIDv7; left out, it gets one. */
  readonly id?: string | undefined
  readonly file: Blob
  readonly name: string
  /** Pixels as seen, after orientation. */
  readonly width: number
  readonly height: number
  /** Base64. */
  readonly thumbhash?: string | undefined
  /**
   * What everybody sees until the file is there: WebP or JPEG, at most 320 px on the longest side and
   * `limits.preview` bytes; a larger one is left out.
   */
  readonly preview?: Uint8Array | undefined
  /** Board units; left out, the server finds a free spot. */
  readonly x?: number | undefined
  readonly y?: number | undefined
  readonly w?: number | undefined
  readonly caption?: string | undefined
}

export interface Place {
  readonly x: number
  readonly y: number
}

/** A picture in somebody's hand. */
export interface DragPosition extends Place {
  /** Left out: as wide as it is written. */
  readonly w?: number | undefined
}

export interface Status {
  /** `connecting` until the first success or failure; `offline` while it is being tried again; `closed` for good. */
  readonly connection: 'connecting' | 'live' | 'offline' | 'closed'
  /** Whether the board's pictures are here. */
  readonly loaded: boolean
  /** Own commands that the server hasn't answered yet. */
  readonly unsent: number
  /** Why the server won't have us (`unknown-board`, `old-page`, …); it isn't asked again. */
  readonly refused: Problem | null
}

/** An error of the board package's table, with its sentence. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
}

export interface BoardEvents {
  /** The ids whose visible record changed, came or went. */
  pictures: ReadonlySet<string>
  /** A setting of the board changed, its title included. */
  settings: BoardRecord
  status: Status
  /** The pictures whose place in others' hands changed. */
  drags: ReadonlySet<string>
  /** The pictures whose upload changed, came or went. */
  uploads: ReadonlySet<string>
  /** The pictures on their way, by whomever, of which there is news: `arrival`, `preview`. */
  arrivals: ReadonlySet<string>
  /** Own pictures that somebody else has seen. */
  seen: ReadonlySet<string>
  /** Somebody has come or gone, or their name, pointer or selection is another one. */
  people: undefined
  /** `canUndo` or `canRedo` changed. */
  undo: undefined
  /** The picture that screens shall show. */
  show: string
  /** Something to tell the person. */
  notice: Problem
}
