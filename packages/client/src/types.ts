import type { BoardRecord, Downloads, ErrorCode, ImageRecord, Notice, Role } from '@wirephoto/board'
import type { Store } from './store.ts'

/** The board to be opened, and the way that it is kept here. */
export interface OpenOptions {
  /** Where the server is reached: `https://board.example`, or `https://host/photos`. */
  readonly url: string
  /** Id of the board; the one at `/` is `main`. */
  readonly board: string
  /** The place for unsent commands and files. Default: IndexedDB in browsers, memory elsewhere. */
  readonly store?: Store
  /**
   * The secret of a link. On an open board any 128 random bits in base64url will do, and say who asks. Default: a
   * browser's cookie, elsewhere a new visitor.
   */
  readonly token?: string
  /**
   * Whether to keep a copy of the board in this browser, and to show it while the server doesn't answer. The
   * status tells so as `copiedAt`. Default: false.
   */
  readonly keepsCopy?: boolean
  /** Whether it shows the board on a screen that nobody sits at: then it doesn't count as a person. */
  readonly isWall?: boolean
}

/** A picture that is described before it is added. */
export interface NewPicture {
  /** UUIDv7. Default: a new one. */
  readonly id?: string | undefined
  readonly file: Blob
  readonly name: string
  /** Pixels as seen, after orientation. */
  readonly width: number
  readonly height: number
  /** Base64. */
  readonly thumbhash?: string | undefined
  /**
   * The picture as everybody sees it until the file is there: WebP or JPEG, at most 320 px on the longest
   * side and `limits.previewBytes`. A larger one is left out. One that is still being made may end as null.
   */
  readonly preview?: Uint8Array | Promise<Uint8Array | null> | undefined
  /** A smaller preview that is there sooner. Everybody sees it until `preview` follows, which it needs. */
  readonly thumbnail?: Promise<Uint8Array | null> | undefined
  /** Board units. Default: the server finds a free spot. */
  readonly x?: number | undefined
  readonly y?: number | undefined
  readonly w?: number | undefined
  readonly caption?: string | undefined
  /** The sender's name. Default: the one given by `setName`. */
  readonly by?: string | undefined
}

/** How far a picture is that is being added. */
export interface AddProgress {
  /** The picture's id. */
  readonly id: string
  /** Bytes. */
  readonly sent: number
  readonly total: number
}

/** The ways of `Board.add`. Name, type and size are found in the file, and the server finds a place. */
export interface AddOptions
  extends Partial<Pick<NewPicture, 'id' | 'name' | 'x' | 'y' | 'w' | 'caption' | 'by'>> {
  /** Called when the picture is announced, as bytes are sent, and when it is stored. */
  readonly onProgress?: ((progress: AddProgress) => void) | undefined
  /** Gives the picture up, unless it is stored. */
  readonly signal?: AbortSignal | undefined
}

/** A picture before and after it changed. `old` is null for one that came, `new` for one that is gone for good. */
export interface PictureChange {
  readonly old: ImageRecord | null
  readonly new: ImageRecord | null
}

/** A point on the board, in board units. */
export interface Place {
  readonly x: number
  readonly y: number
}

/** The place of a picture in somebody's hand. */
export interface DragPosition extends Place {
  /** Board units. Default: the width of its record. */
  readonly w?: number | undefined
}

/** A picture of one's own whose file is on its way. It leaves the list when it is stored. */
export interface OwnUpload {
  /** The picture's id. */
  readonly id: string
  /** The file itself, to be shown until the server has it. */
  readonly file: Blob
  readonly name: string
  /** Bytes. */
  readonly sent: number
  readonly total: number
  readonly state: 'waiting' | 'sending' | 'retrying' | 'failed'
  /** When the next try is made, in milliseconds since 1970, while `retrying`. */
  readonly retryAt?: number | undefined
  /** The reason for the pause, while `retrying`, if it stands between here and the server. */
  readonly obstacle?: Obstacle | undefined
  /** The reason, when it has `failed`. */
  readonly error?: Problem | undefined
}

/**
 * A hindrance between here and the server, such as a proxy. It answers in the server's place (`between`), or it
 * takes only small requests, so that files go in small parts. Or the code that sends can't be fetched any more
 * (`missing-code`), as after an upgrade: the page has to be reloaded.
 */
export type Obstacle = 'between' | 'small-requests' | 'missing-code'

/** The state of the connection to the server, and of what is sent to it. */
export interface Status {
  /**
   * `connecting` until the first success or failure, and after `reconnect`, `offline` while the connection is tried again, and
   * `closed` for good.
   */
  readonly connection: 'connecting' | 'live' | 'offline' | 'closed'
  /**
   * Whether the network passes no websocket, so that changes come and go by plain requests. Others' presence
   * and pushed previews are missing then.
   */
  readonly slow: boolean
  /** Whether the board's pictures are here. */
  readonly loaded: boolean
  /**
   * When the board was as it is shown, in milliseconds since 1970, while an earlier copy is shown as the server
   * hasn't answered. Null otherwise.
   */
  readonly copiedAt: number | null
  /** The number of own commands that the server hasn't answered yet. */
  readonly unsent: number
  /**
   * Why the server takes nothing at the moment, as it says itself (`away`, `disk-full`, `stopping`, …), or
   * null. It is asked again by itself.
   */
  readonly trouble: Problem | null
  /** Why the server refuses us (`unknown-board`, `link-needed`, …), or null. It isn't asked again until `reconnect`. */
  readonly refused: Problem | null
  /** The right that we have here, as the server said last; null before the first contact. */
  readonly role: Role | null
}

/** An error of the board package's table, with its sentence. */
export interface Problem {
  readonly code: ErrorCode
  readonly message: string
  /** The seconds after which another try may succeed, where the server knows. */
  readonly retryAfterS?: number | undefined
}

/** An answer that refuses; `expected` is the queue's next number, with `gap`. */
export interface ErrorAnswer {
  readonly error: Problem & { readonly expected?: number }
}

/** The notices about a stored picture, for its sender. */
export interface Kept {
  /** The picture's id. */
  readonly id: string
  readonly notices: readonly Notice[]
}

/** Pictures that others moved to the trash. */
export interface TrashedByOthers {
  readonly ids: ReadonlySet<string>
  /** The public ids of those who did, as far as anybody knows. */
  readonly visitors: ReadonlySet<string>
  /** Those of them with own changes that the server hasn't answered yet. */
  readonly edited: ReadonlySet<string>
}

/** The fate of an own picture that a moderator decides about. `gone`: it was removed, or nobody knows. */
export type WaitingOutcome = 'waiting' | 'approved' | 'refused' | 'gone'

/** A frame of a live slot, or a file that is shown and not kept: a JPEG, PNG or WebP. One without bytes ends what is shown. */
export interface LiveFrame {
  /** The id of the slot's tile. A file that is shown has one of its own. */
  readonly id: string
  readonly bytes: ArrayBuffer | Uint8Array<ArrayBuffer>
}

/** The events of a board, by their names, each with its value. */
export interface BoardEvents {
  /** The ids of pictures whose visible record changed, came or went. */
  pictures: ReadonlySet<string>
  /** All settings of the board, after one of them changed. */
  settings: BoardRecord
  status: Status
  /** The pictures whose place in others' hands changed. */
  drags: ReadonlySet<string>
  /** The pictures whose upload from here changed, came or went. */
  uploads: ReadonlySet<string>
  /** The pictures on their way, from anybody, of which there is news: see `arrival` and `preview`. */
  arrivals: ReadonlySet<string>
  /** Own pictures that wait for a moderator and changed, or wait no longer. */
  waiting: ReadonlyMap<string, WaitingOutcome>
  /** Own pictures that more people have seen. */
  seen: ReadonlySet<string>
  /** Somebody came, left, or changed their name, pointer or selection. */
  people: undefined
  /** The result of `nameOf` or `colourOf` has changed for somebody. */
  names: undefined
  /** Pictures that others moved to the trash, before `pictures` tells of it. */
  trashed: TrashedByOthers
  /** The ids of what others changed since, or deleted, and an undo or redo therefore left as it is. */
  overtaken: ReadonlySet<string>
  /** `canUndo` or `canRedo` changed. */
  undo: undefined
  /** The id of the picture that screens shall show. */
  show: string
  /** A frame of a live slot came: the id of its tile, and its file. */
  frame: LiveFrame
  /** A file came that somebody shows to everybody, and that isn't kept. */
  shown: LiveFrame
  /** How far own downloads of archives are, by the names that they were given. */
  downloads: Downloads
  /** Something to tell the person. */
  notice: Problem
  /** Something on the way hinders uploads, which go on by themselves. Said once while it lasts. */
  obstacle: Obstacle
  /** An own picture is stored with less than its file had. */
  kept: Kept
}
