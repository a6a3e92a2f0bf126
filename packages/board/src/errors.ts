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

  toJSON(): { code: ErrorCode; message: string; expected?: number; retryAfterS?: number } {
    const { expected, retryAfterS } = this.facts
    return {
      code: this.code,
      message: this.message,
      ...(expected !== undefined && { expected }),
      // A socket has no headers.
      ...(retryAfterS !== undefined && { retryAfterS }),
    }
  }
}

/**
 * Returns the error in an HTTP answer's body, if it is the server's own: its code has the answer's status in
 * the table. Returns null for all that proxies, gateways and login pages say in the server's place.
 */
export function problemIn(
  status: number,
  body: string,
): { readonly code: ErrorCode; readonly message: string } | null {
  try {
    const { error } = JSON.parse(body) as { error: { code: ErrorCode; message: string } }
    return errors[error.code] === status && typeof error.message === 'string' ? error : null
  } catch {
    return null
  }
}
