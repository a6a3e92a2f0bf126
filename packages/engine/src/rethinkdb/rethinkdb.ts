import { deafBus, type Engine } from '../engine.ts'
import { UnderWay } from '../in-flight.ts'
import { addressOf } from './address.ts'
import { openBlobs } from './blobs.ts'
import { openBoards, openHistory, openSecrets, sweepRemoved } from './boards.ts'
import { Database } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { explained } from './errors.ts'
import { openLog } from './log.ts'
import { Projector } from './projector.ts'
import { prepare } from './setup.ts'
import { tablesOf } from './tables.ts'

/** Lines at the most: for all but blobs, and for these. One more listens. */
const LINES = 4
const BLOB_LINES = 4

/**
 * One database for any number of servers; it, its tables and indexes are made at the first start.
 * Rejects with an EngineError whose sentence is for the operator.
 */
export async function openRethinkdb(url: string): Promise<Engine> {
  const address = await addressOf(url)
  await prepare(address)
  const doorbell = await Doorbell.open(address).catch((error: unknown) => {
    throw explained(error, address)
  })
  const database = new Database(address, LINES)
  const blobs = new Database(address, BLOB_LINES)
  const putting = new UnderWay()
  const tables = tablesOf(address.database)
  const projector = new Projector(database, tables)
  const sweeping = sweepRemoved(database, tables).catch(() => {
    // At the next start.
  })
  let closing: Promise<void> | undefined

  return {
    boards: openBoards(database, tables),
    log: openLog(database, tables, doorbell, projector),
    blobs: openBlobs(blobs, tables, putting),
    // Ephemeral things stay on their server, until there is a bus between servers.
    bus: deafBus,
    secrets: openSecrets(database, tables),
    history: openHistory(database, tables),
    close() {
      closing ??= (async () => {
        await Promise.all([doorbell.close(), projector.close(), sweeping, putting.ended()])
        await Promise.all([database.close(), blobs.close()])
      })()
      return closing
    },
  }
}
