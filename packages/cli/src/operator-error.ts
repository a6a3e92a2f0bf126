import type { EngineError } from '@wirephoto/engine'
import { exitCodes } from './exit-codes.ts'

/** A mistake or a fault that the operator can mend; the message says how. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
  /** The code that the process ends with. */
  readonly exitCode: number

  constructor(
    message: string,
    {
      exitCode = exitCodes.mistake,
      ...options
    }: ErrorOptions & { readonly exitCode?: number } = {},
  ) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Makes one sentence of the two that an engine's error has. */
export const operatorErrorOf = ({ message }: EngineError): OperatorError =>
  new OperatorError(message.replace(/\. (\w)/, (_, next: string) => `; ${next.toLowerCase()}`))
