import assert from 'node:assert/strict'
import test from 'node:test'
import type { Engine, HistoryEntry, Secret } from '../engine.ts'
import type { OpenFixture } from './fixture.ts'
import { newBoard, newId, tick } from './samples.ts'

export function keepingContract(engine: () => Engine, open: OpenFixture): void {
  test('F12: what a server publishes does not come back to it', async () => {
    const { bus, log } = engine()
    const { board, cursor } = await newBoard(engine())
    const heard: Uint8Array[] = []
    const unsubscribe = bus.subscribe(board, (bytes) => heard.push(bytes))
    bus.publish(board, new Uint8Array([1, 2, 3]))
    // A round trip: time enough for a message to come back.
    await log.read(board, cursor)
    assert.deepEqual(heard, [])
    unsubscribe()
    unsubscribe()
  })

  test('F11: a secret is found by its hash, until it expires or goes', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const [{ board }, other] = [await newBoard(engine), await newBoard(engine)]
    const secret = (fields: Partial<Secret> = {}): Secret => ({
      hash: newId(),
      board,
      kind: 'link',
      data: '{"role":"edit"}',
      expiresAt: null,
      ...fields,
    })
    const forever = secret()
    const session = secret({ kind: 'session', expiresAt: Date.now() + 3_600_000 })
    const expired = secret({ expiresAt: Date.now() - 1 })
    const elsewhere = secret({ board: other.board })
    for (const one of [forever, session, expired, elsewhere]) await engine.secrets.put(one)

    const { secrets } = await reopen()
    assert.deepEqual(await secrets.get(forever.hash), forever)
    assert.deepEqual(await secrets.get(session.hash), session)
    assert.equal(await secrets.get(expired.hash), null)
    assert.equal(await secrets.get('unknown'), null)
    const byHash = (a: Secret, b: Secret) => (a.hash < b.hash ? -1 : 1)
    assert.deepEqual((await secrets.list(board)).sort(byHash), [forever, session].sort(byHash))

    const changed = { ...forever, data: '{"role":"view"}', expiresAt: Date.now() + 60_000 }
    await secrets.put(changed)
    assert.deepEqual(await secrets.get(forever.hash), changed)
    await secrets.put({ ...changed, expiresAt: Date.now() })
    await tick()
    assert.equal(await secrets.get(forever.hash), null)

    assert.equal(await secrets.remove(session.hash), true)
    assert.equal(await secrets.remove(session.hash), false)
    assert.equal(await secrets.remove(expired.hash), false)
    assert.deepEqual(await secrets.list(board), [])
    assert.deepEqual(await secrets.list(other.board), [elsewhere])
  })

  test('history is listed newest first, by kind and subject, and forgotten by time', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const [{ board }, other] = [await newBoard(engine), await newBoard(engine)]
    const entry = (at: number, kind: HistoryEntry['kind'], subject: string): HistoryEntry => ({
      at,
      kind,
      subject,
      data: JSON.stringify({ at, text: '"é"' }),
    })
    const [one, two, three] = [
      entry(1, 'audit', 'a'),
      entry(2, 'audit', 'b'),
      entry(3, 'audit', 'a'),
    ]
    const frame = entry(2, 'frame', 'a')
    await engine.history.append(board, [one, two])
    await engine.history.append(board, [frame, three])
    await engine.history.append(other.board, [entry(9, 'audit', 'a')])

    const { history } = await reopen()
    const list = (query: Parameters<typeof history.list>[1]) => history.list(board, query)
    assert.deepEqual(await list({ kind: 'audit', limit: 9 }), [three, two, one])
    assert.deepEqual(await list({ kind: 'audit', limit: 2 }), [three, two])
    assert.deepEqual(await list({ kind: 'audit', before: 3, limit: 9 }), [two, one])
    assert.deepEqual(await list({ kind: 'audit', subject: 'a', limit: 9 }), [three, one])
    assert.deepEqual(await list({ kind: 'audit', subject: 'a', before: 3, limit: 9 }), [one])
    assert.deepEqual(await list({ kind: 'frame', limit: 9 }), [frame])
    assert.deepEqual(await list({ kind: 'frame', subject: 'b', limit: 9 }), [])

    await history.prune(board, 2)
    assert.deepEqual(await list({ kind: 'audit', limit: 9 }), [three, two])
    assert.deepEqual(await list({ kind: 'frame', limit: 9 }), [frame])
    assert.equal((await history.list(other.board, { kind: 'audit', limit: 9 })).length, 1)
  })
}
