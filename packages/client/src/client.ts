import type { ErrorCode, ImagePatch, ImageRecord } from '@wirephoto/board'
import type { Store } from './store.ts'
import type { OwnUpload } from './upload.ts'

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
  readonly file: Blob
  readonly name: string
  /** Pixels as seen, after orientation. */
  readonly width: number
  readonly height: number
  /** Base64. */
  readonly thumbhash?: string | undefined
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

export interface Status {
  /** `connecting` until the first success or failure; `offline` while it is being tried again. */
  readonly connection: 'connecting' | 'live' | 'offline'
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
  title: string
  status: Status
  /** The pictures whose place in others' hands changed. */
  drags: ReadonlySet<string>
  /** The pictures whose upload changed, came or went. */
  uploads: ReadonlySet<string>
  /** `canUndo` or `canRedo` changed. */
  undo: undefined
  /** Something to tell the person. */
  notice: Problem
}

/** Opens a board at once; its pictures come with the `pictures` event, see `status`. */
export function openBoard(options: OpenOptions): Board {
  return new Board(options)
}

/** A live board: what it shows is the server's truth with one's own unanswered commands applied. */
export class Board {
  readonly url: string
  readonly id: string

  constructor({ url, board }: OpenOptions) {
    this.url = url
    this.id = board
  }

  /** Every picture by id, trashed ones too (`deletedAt`). The same map for ever, changed in place. */
  get pictures(): ReadonlyMap<string, ImageRecord> {
    return new Map()
  }

  get title(): string {
    return ''
  }

  get status(): Status {
    return { connection: 'connecting', loaded: false, unsent: 0, refused: null }
  }

  /** One's own public id, as in `author`; null before the first contact. */
  get visitor(): string | null {
    return null
  }

  /** Where pictures in others' hands are now. */
  get drags(): ReadonlyMap<string, Place> {
    return new Map()
  }

  get uploads(): ReadonlyMap<string, OwnUpload> {
    return new Map()
  }

  /** Calls back until the returned function is called. */
  on<E extends keyof BoardEvents>(event: E, listener: (value: BoardEvents[E]) => void): () => void {
    void event, listener
    return () => {}
  }

  /** Adds pictures, which stand at once; their files follow, two at a time. The new ids. */
  add(pictures: readonly NewPicture[]): string[] {
    return pictures.map(() => '')
  }

  /** What is asked for in one turn of the event loop (patches of a whole selection) is one undo step. */
  patch(id: string, set: ImagePatch['set']): void {
    void id, set
  }

  remove(ids: readonly string[]): void {
    void ids
  }

  restore(ids: readonly string[]): void {
    void ids
  }

  rename(title: string): void {
    void title
  }

  /** Shows others what is in one's hand; null when it is let go (after the patches). */
  drag(positions: Readonly<Record<string, Place>> | null): void {
    void positions
  }

  /** Tries a failed upload again. */
  retry(id: string): void {
    void id
  }

  /** Gives an upload up: its picture goes to the trash. */
  cancel(id: string): void {
    void id
  }

  /** Resolves when the picture is stored; rejects with a `WireError` when it failed. */
  stored(id: string): Promise<ImageRecord> {
    return Promise.reject(new Error(id))
  }

  /** Resolves when no command is unanswered. */
  settled(): Promise<void> {
    return Promise.resolve()
  }

  /** Takes one's last step back. False when there was none that still could be. */
  undo(): boolean {
    return false
  }

  redo(): boolean {
    return false
  }

  get canUndo(): boolean {
    return false
  }

  get canRedo(): boolean {
    return false
  }

  /** Stops; what is unsent stays in the store for the next page. */
  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Where the stored file of a picture is, null while it is arriving. */
export function blobUrl(board: Pick<Board, 'url' | 'id'>, record: ImageRecord): string | null {
  return record.blob && `${board.url}/b/${board.id}/blob/${record.blob}/original`
}

/** The same under its own name, as a download. */
export function downloadUrl(board: Pick<Board, 'url' | 'id'>, record: ImageRecord): string {
  return `${board.url}/api/boards/${board.id}/images/${record.id}/file?download`
}
