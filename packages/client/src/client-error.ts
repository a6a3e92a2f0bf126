/** The errors that the client itself finds. All others are the server's, and a `WireError`. */
const sentences = {
  closed: 'This board is closed. Open it again.',
  'no-answer': "The server didn't answer. Is it running, and is its address right?",
  unreadable: 'There is no file that can be read at this path.',
} as const

export type ClientErrorCode = keyof typeof sentences

/** An error that no server has said. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode

  constructor(code: ClientErrorCode, options?: ErrorOptions) {
    super(sentences[code], options)
    this.code = code
  }
}
