import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { rounds, SEED } from '../support/effort.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { seededRandom } from '../support/pictures.ts'
import { assertConverged, editRandomly, retry, SimulatedUser } from '../support/simulated-user.ts'

/** Boards, each with its own seed. */
const BOARD_COUNT = rounds(25)
/** Boards during which the server restarts. */
const RESTARTED_BOARD_COUNT = rounds(3)
/** Seeds that once failed. */
const KEPT: readonly number[] = []
const PAGES_PER_BOARD = 3

let server: InProcessServer
before(async () => {
  server = await InProcessServer.open({}, KEPT.length + BOARD_COUNT + RESTARTED_BOARD_COUNT)
})
after(() => server.close())

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => SEED + i)

describe('F4: all replicas and a fresh load end equal', { concurrency: 12 }, () => {
  for (const seed of [...KEPT, ...seeds(BOARD_COUNT)])
    test(`seed ${seed}`, () => assertConverges(seed))
})

describe('F3, F4: so they do when the server restarts again and again', () => {
  for (const seed of seeds(RESTARTED_BOARD_COUNT))
    test(`seed ${seed}`, async () => {
      const restarts = new AbortController()
      const restart = async () => {
        while (!restarts.signal.aborted) {
          await setTimeout(300)
          await server.stop()
          await server.start()
        }
      }
      await Promise.all([restart(), assertConverges(seed, () => restarts.abort())])
    })
})

/** Edits a board and compares all replicas. It calls `calm` when the users have finished. */
async function assertConverges(seed: number, calm = () => {}): Promise<void> {
  const board = await retry(() => server.newBoard())
  const users = await Promise.all(
    Array.from({ length: PAGES_PER_BOARD }, () =>
      SimulatedUser.join(board, server.newOwner(board), server.port),
    ),
  )
  try {
    await editRandomly(users, seededRandom(seed))
    calm()
    for (const { proxy } of users) {
      proxy.reconnect()
      proxy.down.resume()
    }
    await assertConverged(board, users, server.url)
  } finally {
    calm()
    for (const user of users) await user.close()
  }
}
