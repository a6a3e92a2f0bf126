/** An error that an agent is told, with a code and a sentence: the server's, or one that is found here. */
export class AgentError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
