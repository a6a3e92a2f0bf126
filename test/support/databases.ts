import { findPostgres, NO_POSTGRES, Postgres } from './postgres.ts'
import { findRethinkdbProgram, NO_RETHINKDB, Rethinkdb, RethinkdbProcess } from './rethinkdb.ts'

/** A kind of database that several servers can share. */
export interface DatabaseProvider {
  readonly name: string
  /** Why this machine can't run it; null when it can. */
  readonly skipReason: string | null
  open(): Promise<Database>
}

export interface Database {
  /** Returns the engine's URL of a new, empty database. */
  newUrl(): Promise<string>
  /** Kills it with kill -9. Null for a server that isn't ours to kill. */
  readonly kill: (() => Promise<void>) | null
  /** Pauses or resumes it: connections stay open, and nothing answers. Null likewise. */
  readonly signal: ((signal: 'SIGSTOP' | 'SIGCONT') => Promise<void>) | null
  /** Starts it again. */
  start(): Promise<void>
  /** Opens the bare driver; `ask` is the smallest possible question, which takes one round trip. */
  openPinger(url: string): Promise<{ ask(): Promise<void>; close(): Promise<void> }>
  close(): Promise<void>
}

/** Returns every kind that Wirephoto knows, also those that this machine lacks. */
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
        signal: (signal) => postgres.signal(signal),
        start: () => postgres.start(),
        openPinger: (url) => postgres.openPinger(url),
        close: () => postgres.close(),
      }
    },
  }
}

/**
 * Starts a process of its own if the PATH has the program; else uses the server that RETHINKDB_URL
 * names.
 */
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
        signal: own && (async (signal) => own.signal(signal)),
        start: async () => own?.start(),
        openPinger: () => server.openPinger(),
        close: () => (own ?? server).close(),
      }
    },
  }
}
