import type { EngineError } from '@wirephoto/engine'

/** What the operator asked for can't be done; the message says what to do. */
export class Unusable extends Error {
  override readonly name = 'Unusable'
}

/** The two sentences of an engine's error as one. */
export const unusable = ({ message }: EngineError): Unusable =>
  new Unusable(message.replace(/\. (\w)/, (_, next: string) => `; ${next.toLowerCase()}`))
