import type { Engine } from '../engine.ts'
import { openBlobs } from './blobs.ts'
import { configOf, Database, prepare } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { openBoards, openHistory, openSecrets } from './keeping.ts'
import { openLog } from './log.ts'

/** Connections at the most: for all but blobs, and for these. One more listens. */
const CONNECTIONS = 8
const BLOB_CONNECTIONS = 4

/**
 * One database for any number of servers; tables are made at the first start. Rejects with an
 * EngineError whose sentence is for the operator.
 */
export async function openPostgres(url: string): Promise<Engine> {
  const config = configOf(url)
  await prepare(config)
  const database = new Database(config, CONNECTIONS)
  const blobs = new Database(config, BLOB_CONNECTIONS)
  const doorbell = await Doorbell.open(database, config)
  let closing: Promise<void> | undefined

  return {
    boards: openBoards(database),
    log: openLog(database, doorbell),
    blobs: openBlobs(blobs),
    // Ephemeral things stay on their server, until there is a bus between servers.
    bus: {
      publish() {},
      subscribe: () => () => {},
    },
    secrets: openSecrets(database),
    history: openHistory(database),
    close() {
      // What was appended is told first.
      closing ??= doorbell.close().then(async () => {
        await Promise.all([database.close(), blobs.close()])
      })
      return closing
    },
  }
}
