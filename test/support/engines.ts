import { findPostgres, NO_POSTGRES, Postgres } from './postgres.ts'

/** A database on which several servers can stand. */
export interface Place {
  readonly name: string
  /** Why it can't be had here; null when it can. */
  readonly missing: string | null
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
  ping(url: string): Promise<{ ask(): Promise<void>; close(): Promise<void> }>
  close(): Promise<void>
}

/** Every kind that Wirephoto knows, with those that this machine lacks. */
export async function sharedPlaces(): Promise<Place[]> {
  return [await postgresPlace()]
}

async function postgresPlace(): Promise<Place> {
  const [programs] = await findPostgres()
  return {
    name: `PostgreSQL ${programs?.version ?? ''}`.trim(),
    missing: programs ? null : NO_POSTGRES,
    async open() {
      const postgres = await Postgres.open(programs!)
      return {
        newUrl: () => postgres.newDatabase(),
        kill: () => postgres.kill(),
        start: () => postgres.start(),
        ping: (url) => postgres.ping(url),
        close: () => postgres.close(),
      }
    },
  }
}
