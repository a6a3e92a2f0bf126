import type { Problem } from './client.ts'

/** A picture of one's own whose bytes are on their way. It leaves the list when it is stored. */
export interface OwnUpload {
  /** The picture's id. */
  readonly id: string
  /** What is being sent: to be shown until the server has it. */
  readonly file: Blob
  readonly name: string
  /** Bytes. */
  readonly sent: number
  readonly total: number
  readonly state: 'waiting' | 'sending' | 'retrying' | 'failed'
  /** Why it failed. */
  readonly error?: Problem
}
