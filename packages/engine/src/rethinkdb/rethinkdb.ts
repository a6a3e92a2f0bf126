import { type Engine, noopBus } from '../engine.ts'
import { InFlight } from '../in-flight.ts'
import { parseAddress } from './address.ts'
import { openBlobs } from './blobs.ts'
import { deleteRemovedBoards, openBoards, openHistory, openSecrets } from './boards.ts'
import { Database } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { toEngineError } from './errors.ts'
import { openLog } from './log.ts'
import { Projector } from './projector.ts'
import { setUp } from './setup.ts'
import { tablesOf } from './tables.ts'

/** Lines at the most: for all but blobs, and for these. One more listens. */
const MAX_CONNECTION_COUNT = 4
const MAX_BLOB_CONNECTION_COUNT = 4

/**
 * One database for any number of servers; it, its tables and indexes are made at the first start.
 * Rejects with an EngineError whose sentence is for the operator.
 */
export async function openRethinkdb(url: string): Promise<Engine> {
  const address = await parseAddress(url)
  await setUp(address)
  const doorbell = await Doorbell.open(address).catch((error: unknown) => {
    throw toEngineError(error, address)
  })
  const database = new Database(address, MAX_CONNECTION_COUNT)
  const blobs = new Database(address, MAX_BLOB_CONNECTION_COUNT)
  const putting = new InFlight()
  const tables = tablesOf(address.database)
  const projector = new Projector(database, tables)
  const sweeping = deleteRemovedBoards(database, tables).catch(() => {
    // At the next start.
  })
  let closing: Promise<void> | undefined

  return {
    boards: openBoards(database, tables),
    log: openLog(database, tables, doorbell, projector),
    blobs: openBlobs(blobs, tables, putting),
    // Ephemeral things stay on their server, until there is a bus between servers.
    bus: noopBus,
    secrets: openSecrets(database, tables),
    history: openHistory(database, tables),
    close() {
      closing ??= (async () => {
        await Promise.all([doorbell.close(), projector.close(), sweeping, putting.whenSettled()])
        await Promise.all([database.close(), blobs.close()])
      })()
      return closing
    },
  }
}
