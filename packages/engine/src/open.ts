import type { Engine } from './engine.ts'
import { EngineError, withoutPassword } from './errors.ts'

/**
 * Opens the engine that a URL names; code and drivers are loaded only when named.
 * `sqlite:<folder>`: change log and blobs in one folder, locked by one server.
 * `postgres://user:password@host:port/database`, `rethinkdb://…` likewise: for several servers.
 */
export async function openEngine(url: string): Promise<Engine> {
  const [, scheme, rest] = /^([a-z]+):(.*)$/.exec(url) ?? []
  switch (rest && scheme) {
    case 'sqlite': {
      const { openSqlite } = await import('./sqlite/sqlite.ts')
      return openSqlite(rest!)
    }
    case 'postgres':
    case 'postgresql': {
      const { openPostgres } = await loadDriver('pg', () => import('./postgres/postgres.ts'))
      return openPostgres(url)
    }
    case 'rethinkdb': {
      const { openRethinkdb } = await loadDriver(
        'rethinkdb-ts',
        () => import('./rethinkdb/rethinkdb.ts'),
      )
      return openRethinkdb(url)
    }
    default:
      throw new EngineError(
        'unknown-engine',
        `There is no engine "${withoutPassword(url)}". Use sqlite:<folder>, postgres://… or rethinkdb://….`,
      )
  }
}

/** The documents of a RethinkDB table that isn't an engine's: `rethinkdb://host:port/<database>/<table>`. */
export async function* readTable(url: string): AsyncGenerator<Record<string, unknown>> {
  const { readDocuments } = await loadDriver(
    'rethinkdb-ts',
    () => import('./rethinkdb/table-reader.ts'),
  )
  yield* readDocuments(url)
}

/** Loads an engine whose driver is installed only by those who use it. */
async function loadDriver<T>(driver: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${driver}'`)) throw cause
    throw new EngineError(
      'driver-missing',
      `This engine needs the package ${driver}. Install it with "npm install ${driver}".`,
      { cause },
    )
  }
}
