/** The reason why an engine can't be opened, in a sentence for the operator. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code:
    | 'unknown-engine'
    | 'driver-missing'
    | 'folder-locked'
    | 'folder-unwritable'
    | 'unreachable'
    | 'not-allowed'
    | 'unusable'
    | 'too-old'
    | 'too-new'
    | 'damaged'
    | 'lost'
    | 'foreign'

  constructor(code: EngineError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Removes the password from a database URL, so that it can be shown and logged. */
export const withoutPassword = (url: string): string => url.replace(/(\/\/[^@/:]*):[^/]*@/, '$1@')
