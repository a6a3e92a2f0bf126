import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test, { after, before } from 'node:test'
import { seqOf } from '@wirephoto/board'
import type { Engine } from '../engine.ts'
import type { SharedFixture } from './fixture.ts'
import {
  append,
  image,
  listener,
  newBoard,
  newId,
  nextMillisecond,
  noClients,
  put,
} from './samples.ts'

/** Declares the tests of two engines on the same data, as two servers would have them. */
export function serversContract(open: () => Promise<SharedFixture>): void {
  let fixture: SharedFixture
  let here: Engine
  let there: Engine
  before(async () => {
    fixture = await open()
    here = fixture.engine
    there = await fixture.another()
  })
  after(() => fixture.cleanup())

  test('servers that start at once share the data', async () => {
    const engines = await Promise.all(Array.from({ length: 4 }, () => fixture.another()))
    const { board, cursor } = await newBoard(engines[0]!)
    for (const { log } of engines) assert.equal((await log.load(board)).cursor, cursor)
  })

  test('F1: a batch that one server has appended, the other sees at once', async () => {
    const { board, cursor } = await newBoard(here)
    let at = cursor
    for (let x = 1; x <= 20; x++) {
      const [one, other] = x % 2 ? [here, there] : [there, here]
      const from = at
      at = await append(one, board, from, [put(newId(), { x })])
      const missed = await other.log.read(board, from)
      assert.equal(missed?.batches.at(-1)?.to, at)
      assert.equal((await other.log.load(board)).records.length, x)
    }
  })

  test('F4: of servers that append to the same state at once, one succeeds', async () => {
    const { board, cursor } = await newBoard(here)
    const ids = Array.from({ length: 20 }, newId)
    const results = await Promise.all(
      ids.map((id, i) =>
        [here, there][i % 2]!.log.append(board, {
          expected: cursor,
          changes: [put(id)],
          clients: noClients,
        }),
      ),
    )
    assert.equal(results.filter((to) => to !== null).length, 1)
    const winner = results.findIndex((to) => to !== null)
    for (const { log } of [here, there])
      assert.deepEqual((await log.load(board)).records, [image(ids[winner]!)])
  })

  test('of servers that create the same board at once, one succeeds', async () => {
    const board = newId()
    const made = await Promise.all([here, there, here, there].map((e) => e.boards.create(board)))
    assert.equal(made.filter(Boolean).length, 1)
  })

  test('the doorbell rings on the other server, and in the end for the last batch', async () => {
    const { board, cursor } = await newBoard(here)
    const bell = listener()
    const unwatch = there.log.watch(board, bell.ring)
    let at = cursor
    for (let i = 0; i < 50; i++) at = await append(here, board, at, [put(newId())])
    await bell.rung(at)
    assert.equal(seqOf(at), 50)
    unwatch()
  })

  test('F1: a blob put on one server is on the other; lease and removal are shared', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'wirephoto-blobs-'))
    t.after(() => rm(folder, { recursive: true }))
    const bytes = randomBytes(600_000)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const path = join(folder, sha256)
    await writeFile(path, bytes)

    for (let round = 0; round < 20; round++) {
      await Promise.all([here, there, here].map(({ blobs }) => blobs.put(path, sha256)))
      assert.deepEqual(await buffer(await there.blobs.get(sha256)), bytes)
      const unlessTouchedSince = await nextMillisecond()
      // One server renews while the other, which takes it for old, removes.
      await Promise.all([
        here.blobs.put(path, sha256),
        round % 2
          ? there.blobs.remove(sha256, { unlessTouchedSince })
          : there.blobs.setAside(sha256, { unlessTouchedSince }),
      ])
      assert.deepEqual(await buffer(await there.blobs.get(sha256)), bytes, `round ${round}`)
      assert.equal(
        await there.blobs.remove(sha256, { unlessTouchedSince: await nextMillisecond() }),
        true,
      )
      assert.equal(await here.blobs.has(sha256), false)
    }
  })
}
