import type { Engine, EngineOptions } from '../engine.ts'
import { InFlight } from '../in-flight.ts'
import { parseAddress } from './address.ts'
import { NOW_MS, openBlobs } from './blobs.ts'
import {
  deleteRemovedBoards,
  openBoards,
  openHistory,
  openSecrets,
  readNewestTime,
} from './boards.ts'
import { Database } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { openEndedBlobs } from './ended-blobs.ts'
import { toEngineError } from './errors.ts'
import { openLog } from './log.ts'
import { Projector } from './projector.ts'
import { setUp } from './setup.ts'
import { tablesOf } from './tables.ts'

/** The sizes of the pools; one more connection listens. */
const MAX_CONNECTION_COUNT = 4
const MAX_BLOB_CONNECTION_COUNT = 4

/**
 * Opens the engine on a RethinkDB database, which any number of servers may share. The first start creates
 * the database, its tables and their indexes.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export async function openRethinkdb(
  url: string,
  { inspects = false }: EngineOptions = {},
): Promise<Engine> {
  const address = await parseAddress(url)
  await setUp(address, inspects)
  const doorbell = await Doorbell.open(address).catch((error: unknown) => {
    throw toEngineError(error, address)
  })
  const database = new Database(address, MAX_CONNECTION_COUNT)
  const blobs = new Database(address, MAX_BLOB_CONNECTION_COUNT)
  const putsInFlight = new InFlight()
  const tables = tablesOf(address.database)
  const projector = new Projector(database, tables)
  const deletingRemoved = inspects
    ? null
    : deleteRemovedBoards(database, tables).catch(() => {
        // The next start tries again.
      })
  let closing: Promise<void> | undefined

  const log = openLog(database, tables, doorbell, projector)
  return {
    boards: openBoards(database, tables, log.load),
    log,
    blobs: openBlobs(blobs, tables, putsInFlight),
    secrets: openSecrets(database, tables),
    history: openHistory(database, tables),
    health: async () => [],
    newestTime: () => readNewestTime(database, tables),
    now: () => database.run<number>(NOW_MS),
    endedBlobs: openEndedBlobs(database, tables, log.load),
    isShared: true,
    close() {
      closing ??= (async () => {
        await Promise.all([
          doorbell.close(),
          projector.close(),
          deletingRemoved,
          putsInFlight.whenSettled(),
        ])
        await Promise.all([database.close(), blobs.close()])
      })()
      return closing
    },
  }
}
