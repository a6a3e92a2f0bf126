import type { Engine, EngineOptions } from '../engine.ts'
import { InFlight } from '../in-flight.ts'
import { openBlobs } from './blobs.ts'
import { openBoards, openHistory, openSecrets, readClock, readNewestTime } from './boards.ts'
import { Database, setUp } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { openEndedBlobs } from './ended-blobs.ts'
import { Hosts } from './hosts.ts'
import { openLog } from './log.ts'

/**
 * The sizes of the pools; one more connection listens. Puts of large pictures have a pool of their own,
 * so that they block nothing else.
 */
const MAX_CONNECTION_COUNT = { boards: 8, blobs: 4, puts: 3 }

/**
 * Opens the engine on a PostgreSQL database, which any number of servers may share. The first start
 * creates the tables.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export async function openPostgres(
  url: string,
  { inspects = false }: EngineOptions = {},
): Promise<Engine> {
  const hosts = new Hosts(url)
  await setUp(hosts, inspects)
  const boards = new Database(hosts, MAX_CONNECTION_COUNT.boards)
  const blobs = new Database(hosts, MAX_CONNECTION_COUNT.blobs)
  const puts = new Database(hosts, MAX_CONNECTION_COUNT.puts)
  const putsInFlight = new InFlight()
  const doorbell = await Doorbell.open(boards, hosts)
  let closing: Promise<void> | undefined

  return {
    boards: openBoards(boards),
    log: openLog(boards, doorbell),
    blobs: openBlobs(blobs, puts, putsInFlight),
    secrets: openSecrets(boards),
    history: openHistory(boards),
    health: async () => [],
    newestTime: () => readNewestTime(boards),
    now: () => readClock(boards),
    endedBlobs: openEndedBlobs(boards),
    isShared: true,
    close() {
      closing ??= (async () => {
        // Other servers are notified of the last appends first.
        await Promise.all([doorbell.close(), putsInFlight.whenSettled()])
        await Promise.all([boards, blobs, puts].map((database) => database.close()))
      })()
      return closing
    },
  }
}
