/**
 * `closed`: the board is closed. `no-answer`: the server didn't answer `connect` in time. `unreadable`: there is no such
 * file.
 */
export type ClientErrorCode = 'closed' | 'no-answer' | 'unreadable'

/** An error that the client itself finds. All others are the server's, and a `WireError`. */
export class ClientError extends Error {
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
