/** The closed table of errors: code and HTTP status. SPEC.md lists it. */
export const errors = {
  'bad-request': 400,
  'unknown-field': 400,
  'broken-form': 400,
  'no-upload-id': 400,
  'empty-file': 400,
  'link-needed': 401,
  'passphrase-needed': 401,
  'not-allowed': 403,
  'owner-needed': 403,
  'link-ended': 403,
  'wrong-code': 403,
  'wrong-passphrase': 403,
  'board-closed': 403,
  'sign-in-failed': 403,
  'adding-paused': 403,
  'foreign-origin': 403,
  'foreign-address': 403,
  'not-found': 404,
  'unknown-board': 404,
  'unknown-picture': 404,
  'no-wall-link': 404,
  'method-not-allowed': 405,
  conflict: 409,
  'etag-needed': 409,
  'slot-in-trash': 409,
  'wrong-offset': 409,
  gap: 409,
  'stale-client': 409,
  'upload-gone': 410,
  'upload-lost': 410,
  'archive-gone': 410,
  'file-changed': 410,
  'wrong-etag': 412,
  'too-large': 413,
  'too-many-files': 413,
  'too-many-pixels': 413,
  'wrong-type': 415,
  'wrong-encoding': 415,
  'text-picture': 415,
  'not-a-picture': 415,
  video: 415,
  'camera-file': 415,
  document: 415,
  'other-format': 415,
  'foreign-host': 421,
  damaged: 422,
  'unreadable-tiff': 422,
  'too-heavy': 422,
  'board-full': 422,
  'key-reused': 422,
  'old-page': 426,
  'too-many': 429,
  'too-fast': 429,
  internal: 500,
  unreachable: 502,
  busy: 503,
  away: 503,
  'server-away': 503,
  stopping: 503,
  'newer-format': 503,
  'disk-full': 507,
  'pictures-full': 507,
  'link-full': 507,
} as const satisfies Record<string, number>

/** A code of the table of errors. */
export type ErrorCode = keyof typeof errors

/** The errors after which the same may succeed when it is tried again. SPEC.md lists them. */
export const RETRYABLE_CODES: readonly ErrorCode[] = [
  'adding-paused',
  'not-found',
  'upload-gone',
  'upload-lost',
  'wrong-offset',
  'board-full',
  'too-many',
  'too-fast',
  'internal',
  'unreachable',
  'busy',
  'away',
  'server-away',
  'stopping',
  'newer-format',
  'disk-full',
  'pictures-full',
  'link-full',
]

/** Returns whether another try may help after an error; true for one without a code. */
export const isRetryable = (code: string | undefined): boolean =>
  code === undefined || (RETRYABLE_CODES as readonly string[]).includes(code)

/** The errors of somebody who may not see a board, or no longer. Their unsent changes wait until they may. */
const ACCESS_CODES: readonly string[] = [
  'link-needed',
  'link-ended',
  'passphrase-needed',
  'board-closed',
] satisfies ErrorCode[]

/** Returns whether an error says that one needs a link to see a board. */
export const isAccessCode = (code: string | undefined): boolean =>
  code !== undefined && ACCESS_CODES.includes(code)

/** Facts that an error's sentence may mention. */
export interface ErrorFacts {
  readonly name?: string | undefined
  /** The field, header or parameter that an error is about. */
  readonly field?: string | undefined
  /**
   * The rest of the sentence about a kind that isn't taken, and all of one about a quota or a sign-in. Other files have
   * them.
   */
  readonly because?: string | undefined
  /** The kind of a file that is refused by its kind; null for one that nobody knows. */
  readonly kind?: { readonly name: string; readonly wayOn?: string } | null | undefined
  /** Bytes. */
  readonly size?: number | undefined
  readonly limit?: number | undefined
  /** Pixels of the longer side, with `too-many-pixels`. */
  readonly side?: number | undefined
  /** Frames, with `too-many-pixels`. */
  readonly frames?: number | undefined
  /** The seconds after which another try may succeed, where that is known. */
  readonly retryAfterS?: number | undefined
  /** Whether nothing of a picture was kept that came whole, with `busy`. */
  readonly isDropped?: boolean | undefined
  /** The number that the client should send next, with `gap`. */
  readonly expected?: number | undefined
}
