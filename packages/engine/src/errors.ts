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
    | 'no-boards'
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

/** The refusal to look at a database that no server has made. `place` is a noun phrase. */
export const noBoards = (place: string): EngineError =>
  new EngineError('no-boards', `The ${place} has no boards. Name the one that the server uses.`)

/** The refusal to look at a database that an older build has made, since a look changes no layout. */
export const olderLayout = (place: string): EngineError =>
  new EngineError(
    'too-old',
    `The ${place} is from an older Wirephoto. Use that one, or start this one on it once.`,
  )
