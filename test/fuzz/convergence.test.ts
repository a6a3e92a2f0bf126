import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { HereServer } from '../support/in-process-server.ts'
import { seeded } from '../support/pictures.ts'
import { again, compare, edit, Person } from '../support/simulated-user.ts'

/** Boards that are gone through, each from a seed of its own. */
const SEEDS = process.env.CI ? 60 : 25
/** Seeds that once failed. */
const KEPT: readonly number[] = []
const FIRST = Number(process.env.SEED ?? Date.now() % 1_000_000)
const PAGES = 3

let server: HereServer
before(async () => {
  server = await HereServer.open()
})
after(() => server.close())

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => FIRST + i)

describe('F4: all replicas and a fresh load end equal', { concurrency: 12 }, () => {
  for (const seed of [...KEPT, ...seeds(SEEDS)]) test(`seed ${seed}`, () => converge(seed))
})

describe('F3, F4: so they do when the server is restarted again and again', () => {
  for (const seed of seeds(SEEDS / 8))
    test(`seed ${seed}`, async () => {
      const restarts = new AbortController()
      const restart = async () => {
        while (!restarts.signal.aborted) {
          await setTimeout(300)
          await server.stop()
          await server.start()
        }
      }
      await Promise.all([restart(), converge(seed, () => restarts.abort())])
    })
})

/** `calm` is called when the people have done their part. */
async function converge(seed: number, calm = () => {}): Promise<void> {
  const board = await again(() => server.newBoard())
  const people = await Promise.all(
    Array.from({ length: PAGES }, () => Person.come(board, server.port)),
  )
  try {
    await edit(people, seeded(seed))
    calm()
    for (const { line } of people) {
      line.mend()
      line.down.go()
    }
    await compare(board, people, server.url)
  } finally {
    calm()
    for (const person of people) await person.go()
  }
}
