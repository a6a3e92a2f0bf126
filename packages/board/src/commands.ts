import type { ErrorCode } from './error-codes.ts'
import type { MediaType } from './records.ts'

/** What somebody asks for. `rules.ts` says what comes of it. */
export type Command =
  | ImageAdd
  | ImagePatch
  | ImageRemove
  | ImageRestore
  | ImagePurge
  | ImageCopy
  | BoardPatch
  | ServerCommand

/** What only the server itself may ask for. */
export type ServerCommand = ImageSettle | ImageVary | ImageFail

/** Announces a picture; its bytes follow as an upload under the same id. */
export interface ImageAdd {
  readonly kind: 'image.add'
  readonly id: string
  /** Left out: the next free spot. */
  readonly x?: number | undefined
  readonly y?: number | undefined
  /** Left out: as large as it is in pixels, up to a row's height. */
  readonly w?: number | undefined
  readonly width: number
  readonly height: number
  readonly name: string
  readonly caption?: string | undefined
  readonly thumbhash?: string | undefined
}

/** Changes the named fields and no others, so that patches of different fields both hold (F4). */
export interface ImagePatch {
  readonly kind: 'image.patch'
  readonly id: string
  readonly set: {
    readonly x?: number | undefined
    readonly y?: number | undefined
    readonly w?: number | undefined
    readonly z?: string | undefined
    readonly caption?: string | undefined
  }
}

/** Puts a picture in the trash. */
export interface ImageRemove {
  readonly kind: 'image.remove'
  readonly id: string
}

/** Takes a picture out of the trash. */
export interface ImageRestore {
  readonly kind: 'image.restore'
  readonly id: string
}

/** Another picture with the same file, caption and name, on top. Its source must be stored. */
export interface ImageCopy {
  readonly kind: 'image.copy'
  readonly id: string
  readonly of: string
  readonly x: number
  readonly y: number
}

/** Changes the named settings and no others. */
export interface BoardPatch {
  readonly kind: 'board.patch'
  readonly set: {
    readonly title?: string | undefined
    readonly trashDays?: number | undefined
    readonly keepMetadata?: boolean | undefined
  }
}

/** The bytes are stored as a blob, and this is what they turned out to be (F1). */
export interface ImageSettle {
  readonly kind: 'image.settle'
  readonly id: string
  readonly blob: string
  readonly type: MediaType
  readonly bytes: number
  readonly width: number
  readonly height: number
  readonly thumbhash: string
  readonly animated: boolean
  /** Left out: somebody sent it. */
  readonly source?: string
}

/** These smaller pictures of the blob are stored (V1). */
export interface ImageVary {
  readonly kind: 'image.vary'
  readonly id: string
  readonly blob: string
  readonly variants: readonly number[]
}

/** The arrival came to nothing: its record goes. */
export interface ImageFail {
  readonly kind: 'image.fail'
  readonly id: string
}

/** Out of the trash for good, by hand or because it has expired: only a tombstone stays. */
export interface ImagePurge {
  readonly kind: 'image.purge'
  readonly id: string
}

/**
 * A run of commands from one client's queue. `n` numbers the first, the rest follow consecutively.
 * One message of a client is under way at a time; it is sent again until it is answered (F3).
 */
export interface CommandMessage {
  /** UUIDv7 of the queue: one page, one SDK client. Never shared by two that add to it. */
  readonly client: string
  readonly n: number
  readonly commands: readonly Command[]
  /**
   * Small pictures of what it adds, by id, to be seen before the file is there. No part of any
   * command: one that gets lost costs nothing but time.
   */
  readonly previews?: Previews | undefined
}

/** WebP or JPEG, at most 320 px on the longest side, at most `limits.preview` bytes each. */
export type Previews = Readonly<Record<string, Uint8Array>>

/** A command that was turned down; the others of its message hold. */
export interface Refusal {
  readonly n: number
  readonly error: { readonly code: ErrorCode; readonly message: string }
}

/** The answer to a message: every command up to `n` has been settled, the last effect at `seq`. */
export interface CommandAnswer {
  readonly n: number
  readonly seq: number
  readonly refused: readonly Refusal[]
}
