import { findPostgres, NO_POSTGRES, Postgres } from './postgres.ts'
import { findRethinkdbProgram, NO_RETHINKDB, Rethinkdb, RethinkdbProcess } from './rethinkdb.ts'

/** A database on which several servers can stand. */
export interface DatabaseProvider {
  readonly name: string
  /** Why it can't be had here; null when it can. */
  readonly skipReason: string | null
  open(): Promise<Database>
}

export interface Database {
  /** The engine's URL of new, empty data. */
  newUrl(): Promise<string>
  /** kill -9, where it is ours to kill. */
  readonly kill: (() => Promise<void>) | null
  /** Starts it again. */
  start(): Promise<void>
  /** The bare driver, for the least question that can be asked: one round trip. */
  openPinger(url: string): Promise<{ ask(): Promise<void>; close(): Promise<void> }>
  close(): Promise<void>
}

/** Every kind that Wirephoto knows, with those that this machine lacks. */
export async function databaseProviders(): Promise<DatabaseProvider[]> {
  return [await postgresProvider(), await rethinkdbProvider()]
}

async function postgresProvider(): Promise<DatabaseProvider> {
  const [programs] = await findPostgres()
  return {
    name: `PostgreSQL ${programs?.version ?? ''}`.trim(),
    skipReason: programs ? null : NO_POSTGRES,
    async open() {
      const postgres = await Postgres.open(programs!)
      return {
        newUrl: () => postgres.newDatabase(),
        kill: () => postgres.kill(),
        start: () => postgres.start(),
        openPinger: (url) => postgres.openPinger(url),
        close: () => postgres.close(),
      }
    },
  }
}

/** A process of its own where the PATH has the program, else the server that RETHINKDB_URL names. */
async function rethinkdbProvider(): Promise<DatabaseProvider> {
  const program = await findRethinkdbProgram()
  return {
    name: 'RethinkDB',
    skipReason: NO_RETHINKDB,
    async open() {
      const own = program ? await RethinkdbProcess.open(program) : null
      const server = new Rethinkdb(own?.url)
      return {
        newUrl: async () => server.newDatabase(),
        kill: own && (() => own.kill()),
        start: async () => own?.start(),
        openPinger: () => server.openPinger(),
        close: () => (own ?? server).close(),
      }
    },
  }
}
