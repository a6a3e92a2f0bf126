import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { AnyRecord, Snapshot } from '@wirephoto/board'
import { type Board, memoryStore, openBoard } from '@wirephoto/client'
import { rounds, SEED } from '../support/effort.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture, seededRandom } from '../support/pictures.ts'
import { waitUntil } from '../support/simulated-user.ts'

const BOARD_COUNT = rounds(4)
/** Seeds that once failed. */
const KEPT: readonly number[] = []
const STEP_COUNT = 60

const seeds = [...KEPT, ...Array.from({ length: BOARD_COUNT }, (_, i) => SEED + i)]

let server: InProcessServer
before(async () => {
  server = await InProcessServer.open({}, 2 * seeds.length)
})
after(() => server.close())

describe('F4: with undos, three people and a fresh load end equal', () => {
  for (const seed of seeds)
    test(`seed ${seed}`, async (t) => {
      const { board, pages } = await openPages(3)
      t.after(() => Promise.all(pages.map((page) => page.close())))
      const random = seededRandom(seed)
      for (let step = 0; step < STEP_COUNT; step++) {
        const page = pages[Math.floor(random() * pages.length)]!
        const chance = random()
        if (chance < 0.2) page.undo()
        else if (chance < 0.3) page.redo()
        else actRandomly(page, random)
        if (random() < 0.3) await setTimeout(random() * 20)
      }
      for (const page of pages) await page.settled()
      const truth = comparable((await fetchSnapshot(board)).records)
      for (const page of pages) {
        await waitUntil(page, () => isDeepStrictEqual(comparableOf(page), truth))
        assert.deepEqual(comparableOf(page), truth)
      }
    })
})

describe('F4: after undoing everything the board is as it was', () => {
  for (const seed of seeds)
    test(`seed ${seed}`, async (t) => {
      const { board, pages } = await openPages(2)
      t.after(() => Promise.all(pages.map((page) => page.close())))
      const [mine, other] = pages as [Board, Board]
      const random = seededRandom(seed)
      const before = (await fetchSnapshot(board)).records
      for (let step = 0; step < STEP_COUNT; step++) {
        actRandomly(mine, random)
        if (random() < 0.3) await setTimeout(random() * 20)
        else await Promise.resolve()
      }
      await mine.settled()
      assert.notDeepEqual(
        untrashed((await fetchSnapshot(board)).records),
        untrashed(before),
        'something was done',
      )
      while (mine.undo()) if (random() < 0.3) await setTimeout(random() * 20)
      await mine.settled()
      const start = untrashed(before)
      assert.deepEqual(untrashed((await fetchSnapshot(board)).records), start)
      for (const page of [mine, other]) {
        const untrashedOf = () => untrashed([page.settings, ...page.pictures.values()])
        await waitUntil(page, () => isDeepStrictEqual(untrashedOf(), start))
        assert.deepEqual(untrashedOf(), start)
      }
    })
})

/** Does something random with the pictures, as a person would. */
function actRandomly(page: Board, random: () => number): void {
  const below = (n: number) => Math.floor(random() * n)
  const all = [...page.pictures.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  const there = all.filter(({ deletedAt }) => deletedAt === null)
  const gone = all.filter(({ deletedAt }) => deletedAt !== null)
  const some = there.filter(() => random() < 0.5)
  const acts = [
    () => some.map(({ id, x, y }) => page.patch(id, { x: x + below(100), y: y - below(100) })),
    () => some.map(({ id, w }) => page.patch(id, { w: w + below(50) })),
    () => some.map(({ id }) => page.patch(id, { caption: `caption ${below(1000)}` })),
    () => some.map(({ id, z }) => page.patch(id, { z: `${z}V` })),
    () =>
      some.length > 0 &&
      page.copy(some.map(({ id: sourceId }) => ({ sourceId, x: below(900), y: 0 }))),
    () => page.remove(some.slice(0, 2).map(({ id }) => id)),
    () => page.restore(gone.slice(0, 2).map(({ id }) => id)),
    () => page.rename(`title ${below(1000)}`),
  ]
  acts[below(acts.length)]!()
}

/** Opens pages on a new board with stored pictures, one of them in the trash. */
async function openPages(count: number): Promise<{ board: string; pages: Board[] }> {
  const board = await server.newBoard()
  const ids: string[] = []
  for (let i = 0; i < 3; i++) {
    const body = await drawPicture({ width: 40, height: 30 })
    const response = await fetch(`${server.url}/api/boards/${board}/images`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(body),
    })
    ids.push(((await response.json()) as { id: string }).id)
  }
  await fetch(`${server.url}/api/boards/${board}/images/${ids[0]}`, { method: 'DELETE' })
  const pages = Array.from({ length: count }, () =>
    openBoard({
      url: server.url,
      board,
      token: server.newOwner(board),
      store: memoryStore(),
    }),
  )
  for (const page of pages)
    await waitUntil(page, () => page.pictures.size === 3 && page.status.connection === 'live')
  return { board, pages }
}

async function fetchSnapshot(board: string): Promise<Snapshot> {
  const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
  return (await response.json()) as Snapshot
}

/** Returns the title and the pictures, without fields that the server adds in its own time. */
function comparable(records: Iterable<AnyRecord>): object[] {
  const all = [...records]
  const title = all.find((record) => record.kind === 'board')?.title ?? ''
  const pictures = all.filter((record) => record.kind === 'image')
  const sorted = pictures.sort((a, b) => (a.id < b.id ? -1 : 1))
  return [{ title }, ...sorted.map((picture) => ({ ...picture, variants: null }))]
}

/** Leaves out the trash, where copies stay that were undone. */
const untrashed = (records: Iterable<AnyRecord>): object[] =>
  comparable([...records].filter((record) => record.kind === 'board' || record.deletedAt === null))

const comparableOf = (page: Board): object[] =>
  comparable([page.settings, ...page.pictures.values()])
