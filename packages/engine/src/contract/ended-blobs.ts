import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engine.ts'
import type { OpenFixture } from './fixture.ts'
import { append, newBoard, newId, nextMillisecond, noClients, put } from './samples.ts'

const NOTED_TIMEOUT_MS = 60_000

/** Declares the tests of `EndedBlobs`. */
export function endedBlobsContract(open: OpenFixture): void {
  test('C2: a batch notes the blobs that it has ended, and only if it is appended', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const { board, cursor } = await newBoard(engine)
    const [id, blob, other] = [newId(), newBlob(), newBlob()]
    const at = await append(engine, board, cursor, [put(id, { blob })])
    const changes = [{ gone: id }]
    const batch = { changes, clients: noClients, ended: [other] }
    assert.equal(await engine.log.append(board, { ...batch, expected: cursor }), null)
    await engine.log.append(board, { ...batch, expected: at, ended: [blob, blob] })
    const reopened = await reopen()
    await reopened.log.load(board)
    assert.deepEqual(await whenNoted(reopened, 1), [blob])
  })

  test('C2: a removed board, and pruned history, note their blobs', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const { board, cursor } = await newBoard(engine)
    const [own, source, frame, newer] = [newBlob(), newBlob(), newBlob(), newBlob()]
    const original = { blob: source, bytes: 5, type: 'image/svg+xml' } as const
    await append(engine, board, cursor, [put(newId(), { blob: own, original }), put(newId())])
    const entry = { kind: 'frame', subject: 'door', data: '{}' } as const
    await engine.history.append(board, [
      { ...entry, at: 1, blob: frame },
      { ...entry, at: 1, blob: null },
      { ...entry, at: 3, blob: newer },
    ])
    assert.deepEqual((await engine.history.blobs(board)).sort(), [frame, newer].sort())
    await engine.history.prune(board, { kind: 'frame', before: 2 })
    assert.deepEqual(await engine.history.blobs(board), [newer])
    assert.deepEqual(await whenNoted(engine, 1), [frame])
    assert.deepEqual(await engine.endedBlobs.named([frame, newer]), new Set([newer]))
    await engine.boards.remove(board)
    assert.deepEqual((await whenNoted(engine, 4)).sort(), [own, source, frame, newer].sort())
    assert.deepEqual(await engine.endedBlobs.named([own, source, newer]), new Set())
  })

  test('C3: a note is forgotten unless its blob was noted again', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const { endedBlobs } = engine
    const [one, two] = [newBlob(), newBlob()]
    await endedBlobs.note([one, one])
    await nextMillisecond()
    await endedBlobs.note([two])
    const [first, second, ...more] = await endedBlobs.list(9)
    assert.deepEqual([first?.sha256, second?.sha256, more.length], [one, two, 0])
    assert.deepEqual(await endedBlobs.list(1), [first])
    // In the same millisecond, perhaps.
    await Promise.all([endedBlobs.note([one]), endedBlobs.note([one, two])])
    await endedBlobs.forget([first!, second!])
    const noted = await endedBlobs.list(9)
    assert.deepEqual(noted.map(({ sha256 }) => sha256).sort(), [one, two].sort())
    await endedBlobs.forget(noted)
    await endedBlobs.forget([])
    assert.deepEqual(await endedBlobs.list(9), [])
  })

  test('C3: a blob is named by records of any board, with any caption, and by entries', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const [one, other] = [await newBoard(engine), await newBoard(engine)]
    const [blob, source, frame, gone, quoted] = Array.from({ length: 5 }, newBlob)
    const caption = `"blob":"${quoted}" \u0000 {}`
    const original = { blob: source!, bytes: 5, type: 'image/svg+xml' } as const
    const id = newId()
    const at = await append(engine, one.board, one.cursor, [put(id, { blob: gone! })])
    await append(engine, one.board, at, [{ gone: id }, put(newId())])
    await append(engine, other.board, other.cursor, [
      put(newId(), { blob: blob!, original, caption }),
    ])
    const entry = { at: 1, kind: 'frame', subject: 'door', data: '{}', blob: frame! } as const
    await engine.history.append(one.board, [entry])
    const { endedBlobs, history } = await reopen()
    const asked = [blob!, source!, frame!, gone!, quoted!, newBlob()]
    assert.deepEqual(await endedBlobs.named(asked), new Set([blob, source, frame]))
    assert.deepEqual(await endedBlobs.named([]), new Set())
    assert.deepEqual(await history.list(one.board, { kind: 'frame', limit: 1 }), [entry])
  })
}

/** Waits for as many notes, and returns the names of their blobs. */
async function whenNoted({ endedBlobs }: Engine, count: number): Promise<string[]> {
  for (const end = Date.now() + NOTED_TIMEOUT_MS; ; await sleep(50)) {
    const noted = await endedBlobs.list(count + 1)
    if (noted.length === count || Date.now() > end) return noted.map(({ sha256 }) => sha256)
  }
}

const newBlob = (): string => randomBytes(32).toString('hex')
