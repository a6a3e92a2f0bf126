import { deafBus, type Engine } from '../engine.ts'
import { UnderWay } from '../in-flight.ts'
import { openBlobs } from './blobs.ts'
import { openBoards, openHistory, openSecrets } from './boards.ts'
import { configOf, Database, prepare } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { openLog } from './log.ts'

/** Connections at the most; one more listens. A large picture on its way in keeps nobody from anything else. */
const CONNECTIONS = { boards: 8, blobs: 4, puts: 3 }

/**
 * One database for any number of servers; tables are made at the first start. Rejects with an
 * EngineError whose sentence is for the operator.
 */
export async function openPostgres(url: string): Promise<Engine> {
  const config = configOf(url)
  await prepare(config)
  const boards = new Database(config, CONNECTIONS.boards)
  const blobs = new Database(config, CONNECTIONS.blobs)
  const puts = new Database(config, CONNECTIONS.puts)
  const putting = new UnderWay()
  const doorbell = await Doorbell.open(boards, config)
  let closing: Promise<void> | undefined

  return {
    boards: openBoards(boards),
    log: openLog(boards, doorbell),
    blobs: openBlobs(blobs, puts, putting),
    // Ephemeral things stay on their server, until there is a bus between servers.
    bus: deafBus,
    secrets: openSecrets(boards),
    history: openHistory(boards),
    close() {
      closing ??= (async () => {
        // What was appended is told first.
        await Promise.all([doorbell.close(), putting.ended()])
        await Promise.all([boards, blobs, puts].map((database) => database.close()))
      })()
      return closing
    },
  }
}
