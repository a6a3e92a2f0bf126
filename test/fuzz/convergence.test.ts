import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type AnyRecord, type Command, type Snapshot, uuidv7 } from '@wirephoto/board'
import { type Board, memoryStore, openBoard, type Store } from '@wirephoto/client'
import { HereServer } from '../support/here.ts'
import { seeded } from '../support/pictures.ts'
import { Proxy } from '../support/proxy.ts'

/** Boards that are gone through, each from a seed of its own. */
const SEEDS = process.env.CI ? 60 : 25
/** Seeds that once failed. */
const KEPT: readonly number[] = []
const FIRST = Number(process.env.SEED ?? Date.now() % 1_000_000)
const STEPS = 120
const PAGES = 3
const PATIENCE = 30_000

/** Somebody who edits, on a line that fails, in a browser that remembers, on pages that are reloaded. */
class Person {
  readonly store: Store = memoryStore()
  readonly #line: Proxy
  readonly #board: string
  page!: Board

  private constructor(board: string, line: Proxy) {
    this.#board = board
    this.#line = line
  }

  static async come(board: string, port: number): Promise<Person> {
    const person = new Person(board, await Proxy.open(port))
    person.open()
    return person
  }

  open(): void {
    this.page = openBoard({
      url: `http://127.0.0.1:${this.#line.port}`,
      board: this.#board,
      store: this.store,
    })
  }

  async reload(): Promise<void> {
    await this.page.close()
    this.open()
  }

  /** Leaves commands for the next page, as one does that was closed before they were sent. */
  async leave(commands: readonly Command[], client: string): Promise<void> {
    const saved = commands.map((command, i) => ({ board: this.#board, client, n: i + 1, command }))
    await this.store.putCommands(saved)
    await this.reload()
  }

  get line(): Proxy {
    return this.#line
  }

  async go(): Promise<void> {
    await this.page.close()
    await this.#line.close()
  }
}

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
    await compare(board, people)
  } finally {
    calm()
    for (const person of people) await person.go()
  }
}

/** What people do, and what is done to them. */
async function edit(people: readonly Person[], random: () => number): Promise<void> {
  const below = (n: number) => Math.floor(random() * n)
  const one = <T>(list: readonly T[]): T => list[below(list.length)]!
  const place = () => below(2000) - 1000
  // Not from the seed alone, or the server would know the queues of an earlier run.
  const id = () =>
    uuidv7(
      Date.now(),
      Uint8Array.from({ length: 10 }, () => below(256)),
    )
  const ids = Array.from({ length: 6 }, id)
  const add = (picture: string): Command => ({
    kind: 'image.add',
    id: picture,
    width: 40,
    height: 30,
    name: 'a.jpg',
    ...(random() < 0.5 && { x: place(), y: place() }),
  })
  const acts: ((person: Person) => unknown)[] = [
    ({ page }) => page.patch(one(ids), { x: place(), y: place() }),
    ({ page }) => page.patch(one(ids), { w: 1 + below(400) }),
    ({ page }) => page.patch(one(ids.slice(PAGES)), { caption: `caption ${below(1000)}` }),
    ({ page }) => {
      for (const each of ids.slice(below(6))) page.patch(each, { x: place() })
    },
    ({ page }) => page.rename(`title ${below(1000)}`),
    ({ page }) => page.remove([one(ids), one(ids)]),
    ({ page }) => page.restore([one(ids)]),
    ({ page }) => page.undo(),
    ({ page }) => page.redo(),
    ({ page }) => page.drag({ [one(ids)]: { x: place(), y: place() } }),
    ({ line }) => line.drop(),
    ({ line }) => line.cut(),
    ({ line }) => line.mend(),
    ({ line }) => line.down.stall(),
    ({ line }) => line.down.go(),
    (person) => person.reload(),
    // The same pictures are added by several: only the first may.
    (person) => person.leave([add(one(ids)), add(one(ids))], id()),
    ...Array.from({ length: 6 }, () => () => setTimeout(below(40))),
  ]
  await people[0]!.leave(ids.slice(0, PAGES + 1).map(add), id())
  for (const { page } of people) await until(page, () => page.pictures.size > PAGES)
  for (let step = 0; step < STEPS; step++) await one(acts)(one(people))
  // In the worst of it, something that must arrive, for nobody else writes it.
  for (const [i, { page }] of people.entries()) page.patch(ids[i]!, { caption: lastWords(i) })
}

const lastWords = (person: number): string => `The last words of person ${person}`

/** What everybody sees against what a newcomer gets, once nothing is on its way. */
async function compare(board: string, people: readonly Person[]): Promise<void> {
  for (const { page } of people) await until(page, () => page.status.unsent === 0)
  const { records } = await again(async (): Promise<Snapshot> => {
    const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
    return (await response.json()) as Snapshot
  })
  const truth = sorted(records.filter(({ kind }) => kind === 'image'))
  const title = records.find((record) => record.kind === 'board')?.title ?? ''
  for (const { page, store } of people) {
    const seen = () => sorted(page.pictures.values())
    await until(page, () => isDeepStrictEqual(seen(), truth) && page.title === title)
    assert.deepEqual([page.title, seen()], [title, truth])
    assert.deepEqual(await store.commands(board), [])
  }
  for (const i of people.keys())
    assert.ok(JSON.stringify(truth).includes(lastWords(i)), 'what was asked for last is kept')
}

/** For what a server in mid-restart may refuse. */
async function again<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await ask()
    } catch (error) {
      if (tries > 20) throw error
      await setTimeout(100)
    }
}

const sorted = (records: Iterable<AnyRecord>): AnyRecord[] =>
  [...records].sort((a, b) => (a.id < b.id ? -1 : 1))

/** Resolves when the page shows it, or when it should have. */
async function until(page: Board, isSo: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = () => isSo() && resolve()
  const offs = (['pictures', 'title', 'status'] as const).map((event) => page.on(event, look))
  look()
  await Promise.race([promise, setTimeout(PATIENCE, null, { ref: false })])
  for (const off of offs) off()
}
