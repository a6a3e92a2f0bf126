import type { Engine } from './engine.ts'

/**
 * Opens the engine that a URL names; drivers are loaded only when named.
 * `sqlite:<folder>`: change log and blobs in one folder, locked by one server.
 */
export async function openEngine(url: string): Promise<Engine> {
  const [, scheme, rest] = /^([a-z]+):(.*)$/.exec(url) ?? []
  if (scheme === 'sqlite' && rest) {
    const { openSqlite } = await import('./sqlite/sqlite.ts')
    return openSqlite(rest)
  }
  throw new EngineError('unknown-engine', `There is no engine "${url}". Use sqlite:<folder>.`)
}

/** Why an engine can't be opened, in a sentence for the operator. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code:
    | 'unknown-engine'
    | 'folder-locked'
    | 'folder-unwritable'
    | 'too-old'
    | 'too-new'
    | 'damaged'

  constructor(code: EngineError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
