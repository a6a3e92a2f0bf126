import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseCursor } from '@wirephoto/board'
import type { Engine } from '../engine.ts'
import { newBoard, newId, noClients, put } from './samples.ts'

/**
 * Runs writers on two servers while their database dies and comes back. Acknowledged batches stay, and
 * both servers see them in the end (F1). Other appends reject with `away` (F7).
 */
export async function surviveKills(
  t: TestContext,
  engines: readonly [Engine, Engine],
  kills: readonly (() => Promise<void>)[],
): Promise<void> {
  const [engine, other] = engines
  const { board } = await newBoard(engine)
  const acknowledged = new Map<string, number>()
  let writing = true
  const writers = Array.from({ length: 6 }, async (_, i) => {
    const { log } = i % 2 ? engine : other
    const id = newId()
    for (let x = 1; writing; )
      try {
        const { cursor, records } = await log.load(board)
        const known = records.find((record) => record.id === id)
        // An append that was in doubt has succeeded.
        if (known?.kind === 'image' && known.x === x) x++
        const changes = [put(id, { x })]
        if (await log.append(board, { expected: cursor, changes, clients: noClients })) {
          acknowledged.set(id, x)
          x++
        }
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'away', String(error))
        await sleep(20)
      }
  })
  try {
    for (const [round, kill] of kills.entries()) {
      const start = sum(acknowledged)
      while (sum(acknowledged) < start + 30) await sleep(10)
      const before = new Map(acknowledged)
      await kill()
      for (const one of engines) await whenRecovered(one, board)
      const { records } = await engine.log.load(board)
      for (const [id, x] of before) {
        const record = records.find((one) => one.id === id)
        assert.ok(record?.kind === 'image' && record.x >= x, `kill ${round}`)
      }
    }
  } finally {
    writing = false
    await Promise.all(writers)
  }
  const [here, there] = [await engine.log.load(board), await other.log.load(board)]
  assert.deepEqual(there.records, here.records)
  for (const [id, x] of acknowledged) {
    const record = here.records.find((one) => one.id === id)
    assert.ok(record?.kind === 'image' && record.x >= x && record.x <= x + 1)
  }
  assert.ok(parseCursor(here.cursor)!.seq >= sum(acknowledged))
  t.diagnostic(`${sum(acknowledged)} batches acknowledged over ${kills.length} kills`)
}

/** Resolves when the engine's broken connections are replaced, and all that a board needs is there. */
export async function whenRecovered({ boards, log }: Engine, board?: string): Promise<void> {
  for (let good = 0; good < 20; )
    await (board === undefined ? boards.list() : log.load(board)).then(
      () => good++,
      () => (good = 0),
    )
}

const sum = (numbers: ReadonlyMap<string, number>): number =>
  [...numbers.values()].reduce((total, n) => total + n, 0)
