import type { ErrorCode } from './error-codes.ts'
import type { ImageRecord } from './records.ts'

/** A picture that waits for a moderator, as `GET /api/boards/<board>/held` lists it. */
export interface HeldPicture extends ImageRecord {
  /** Whether its file is still on its way, or only a moderator's word is missing. */
  readonly state: 'arriving' | 'waiting'
}

/** The answer of `GET /api/boards/<board>/held`: one's own pictures that wait, and all to owners, oldest first. */
export interface HeldPictures {
  readonly pictures: readonly HeldPicture[]
}

/** The answer to a decision about pictures that wait. */
export interface Decided {
  /** Those that it holds for, also if somebody had decided the same before. */
  readonly done: readonly string[]
  readonly failed: readonly {
    readonly id: string
    readonly error: { readonly code: ErrorCode; readonly message: string }
  }[]
}
