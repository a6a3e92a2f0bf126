import type { EngineError } from '@wirephoto/engine'

/** A mistake or a fault that the operator can mend; the message says how. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
}

/** Makes one sentence of the two that an engine's error has. */
export const operatorErrorOf = ({ message }: EngineError): OperatorError =>
  new OperatorError(message.replace(/\. (\w)/, (_, next: string) => `; ${next.toLowerCase()}`))
