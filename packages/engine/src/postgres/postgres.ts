import { type Engine, noopBus } from '../engine.ts'
import { InFlight } from '../in-flight.ts'
import { openBlobs } from './blobs.ts'
import { openBoards, openHistory, openSecrets } from './boards.ts'
import { Database, parseConfig, setUp } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { openLog } from './log.ts'

/** Connections at the most; one more listens. A large picture on its way in keeps nobody from anything else. */
const MAX_CONNECTION_COUNT = { boards: 8, blobs: 4, puts: 3 }

/**
 * One database for any number of servers; tables are made at the first start. Rejects with an
 * EngineError whose sentence is for the operator.
 */
export async function openPostgres(url: string): Promise<Engine> {
  const config = parseConfig(url)
  await setUp(config)
  const boards = new Database(config, MAX_CONNECTION_COUNT.boards)
  const blobs = new Database(config, MAX_CONNECTION_COUNT.blobs)
  const puts = new Database(config, MAX_CONNECTION_COUNT.puts)
  const putting = new InFlight()
  const doorbell = await Doorbell.open(boards, config)
  let closing: Promise<void> | undefined

  return {
    boards: openBoards(boards),
    log: openLog(boards, doorbell),
    blobs: openBlobs(blobs, puts, putting),
    // Ephemeral things stay on their server, until there is a bus between servers.
    bus: noopBus,
    secrets: openSecrets(boards),
    history: openHistory(boards),
    close() {
      closing ??= (async () => {
        // What was appended is told first.
        await Promise.all([doorbell.close(), putting.whenSettled()])
        await Promise.all([boards, blobs, puts].map((database) => database.close()))
      })()
      return closing
    },
  }
}
