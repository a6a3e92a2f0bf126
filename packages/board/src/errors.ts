import { type ErrorCode, type ErrorFacts, errors } from './error-codes.ts'
import { errorMessages } from './error-messages.ts'

/** An error that crosses the wire as `{error: {code, message}}`. */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code: ErrorCode
  readonly facts: ErrorFacts

  constructor(code: ErrorCode, facts: ErrorFacts = {}, options?: ErrorOptions) {
    super(errorMessages[code](facts), options)
    this.code = code
    this.facts = facts
  }

  get status(): number {
    return errors[this.code]
  }

  toJSON(): { code: ErrorCode; message: string; expected?: number } {
    const { expected } = this.facts
    return { code: this.code, message: this.message, ...(expected !== undefined && { expected }) }
  }
}
