import type {
  BoardPatchSchema,
  ImageAddSchema,
  ImageCopySchema,
  ImageKeepSchema,
  ImagePatchSchema,
  ImagePurgeSchema,
  ImageRemoveSchema,
  ImageRestoreSchema,
  ImageRevertSchema,
} from './command-schemas.ts'
import type { ErrorCode } from './error-codes.ts'
import type { Infer } from './fields.ts'
import type { MediaType } from './media-types.ts'
import type { ImageRecord, OriginalFile } from './records.ts'

/** A request to change a board. `rules.ts` turns it into changes. */
export type Command =
  | ImageAdd
  | ImagePatch
  | ImageRemove
  | ImageRestore
  | ImageRevert
  | ImagePurge
  | ImageKeep
  | ImageCopy
  | BoardPatch
  | ServerCommand

/** A command that only the server itself may issue. */
export type ServerCommand =
  | ImageSettle
  | ImageReplace
  | ImageVary
  | ImageFail
  | ImageErase
  | ImageEndSlot
  | ImageAdmit
  | ImageRelease
  | ImageElsewhere

/* The commands of clients, inferred from the schemas that check them; those document the fields. */

export interface ImageAdd extends Infer<typeof ImageAddSchema> {}
export interface ImagePatch extends Infer<typeof ImagePatchSchema> {}
export interface ImageRemove extends Infer<typeof ImageRemoveSchema> {}
export interface ImageRestore extends Infer<typeof ImageRestoreSchema> {}
export interface ImageRevert extends Infer<typeof ImageRevertSchema> {}
export interface ImagePurge extends Infer<typeof ImagePurgeSchema> {}
export interface ImageKeep extends Infer<typeof ImageKeepSchema> {}
export interface ImageCopy extends Infer<typeof ImageCopySchema> {}
export interface BoardPatch extends Infer<typeof BoardPatchSchema> {}

/** States that the bytes are stored as a blob, and what they turned out to be (F1). */
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
  /** Absent where the blob is the file that was sent. */
  readonly original?: OriginalFile
  /** URL that the server fetched it from; absent for an upload. */
  readonly source?: string
  /** The live slot that it becomes the tile of; absent for any other picture. */
  readonly slot?: string
}

/** A file that a picture shows, and what was found in it. */
export interface PictureFile {
  readonly blob: string
  readonly type: MediaType
  readonly bytes: number
  readonly width: number
  readonly height: number
  readonly thumbhash: string | null
  readonly animated: boolean
  readonly original: OriginalFile | null
  readonly source: string | null
  readonly variants: readonly number[] | null
}

/** Gives a stored picture another file in place of the one that is expected there. */
export interface ImageReplace {
  readonly kind: 'image.replace'
  readonly id: string
  /** The blob that the picture has; null for any. */
  readonly expected: string | null
  readonly file: PictureFile
}

/** States that variants of the blob are stored (V1). */
export interface ImageVary {
  readonly kind: 'image.vary'
  readonly id: string
  readonly blob: string
  /** Longest sides in pixels. */
  readonly variants: readonly number[]
}

/** Removes the record of an upload that came to nothing. */
export interface ImageFail {
  readonly kind: 'image.fail'
  readonly id: string
}

/** Takes a picture out of the trash for good. A tombstone stays. */
export interface ImageErase {
  readonly kind: 'image.erase'
  readonly id: string
  /** The `purgeAt` of the mark that has come due: one that was called off, and made again, is another one. */
  readonly purgeAt?: number
}

/** Makes the tile of a live slot a plain picture. */
export interface ImageEndSlot {
  readonly kind: 'image.endSlot'
  readonly id: string
}

/** Puts a picture that has waited onto the board, at the next free spot. Nothing if it is there already. */
export interface ImageAdmit {
  readonly kind: 'image.admit'
  readonly id: string
  /** Its record among those that wait. */
  readonly image: ImageRecord
}

/** Takes a picture out of those that wait. A tombstone stays. */
export interface ImageRelease {
  readonly kind: 'image.release'
  readonly id: string
}

/** Stands in a message for a command that goes to another log, so that the numbers stay. */
export interface ImageElsewhere {
  readonly kind: 'image.elsewhere'
  readonly id: string
}

/**
 * A run of commands from one client's queue. `n` numbers the first, the rest follow consecutively.
 * A client has one message in flight and sends it again until it is answered (F3).
 */
export interface CommandMessage {
  /** UUIDv7 of the queue: one page, one SDK client. No two clients add to the same queue. */
  readonly client: string
  readonly n: number
  readonly commands: readonly Command[]
}

/** A command that was refused; the others of its message hold. */
export interface Refusal {
  readonly n: number
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly retryAfterS?: number | undefined
  }
}

/** The answer to a message: every command up to `n` is settled, and the last effect lies in batch `seq`. */
export interface CommandAnswer {
  readonly n: number
  readonly seq: number
  readonly refused: readonly Refusal[]
  /** The pictures of its commands that wait for a moderator: nothing of them is on the board. */
  readonly held?: readonly string[] | undefined
}
