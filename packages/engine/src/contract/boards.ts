import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { type Cursor, parseCursor, type WireError } from '@wirephoto/board'
import type { Engine, HistoryEntry, Secret } from '../engine.ts'
import type { OpenFixture } from './fixture.ts'
import { append, newBoard, newId, nextMillisecond, noClients, put, rejectsWith } from './samples.ts'

/** Declares the tests of `Boards`, and of `close`. */
export function boardsContract(engine: () => Engine, open: OpenFixture): void {
  test('a board is made once, with an epoch of its own', async () => {
    const { boards, log } = engine()
    const [first, second] = [await newBoard(engine()), await newBoard(engine())]
    assert.equal(await boards.create(first.board), false)
    assert.equal((await log.load(first.board)).cursor, first.cursor)
    assert.notEqual(parseCursor(first.cursor)?.epoch, parseCursor(second.cursor)?.epoch)
    assert.equal(await boards.has(first.board), true)
    assert.equal(await boards.has('nowhere'), false)
  })

  test('if several calls create the same board at once, one succeeds', async () => {
    const board = newId()
    const made = await Promise.all(Array.from({ length: 8 }, () => engine().boards.create(board)))
    assert.equal(made.filter(Boolean).length, 1)
  })

  test('the list has every board, ordered by id, with the time it was made', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const before = Date.now()
    for (const board of ['main', 'Zoo', '_x', '-y', 'a0']) await engine.boards.create(board)
    const list = await engine.boards.list()
    assert.deepEqual(
      list.map(({ board }) => board),
      ['-y', 'Zoo', '_x', 'a0', 'main'],
    )
    for (const { createdAt } of list) assert.ok(createdAt >= before && createdAt <= Date.now())
  })

  test('E70: a board that comes from elsewhere keeps the time it was made', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const before = Date.now()
    assert.equal(await engine.boards.create('main', 1_600_000_000_000), true)
    assert.equal(await engine.boards.create('main', 1_500_000_000_000), false)
    const [{ createdAt } = {}] = await engine.boards.list()
    assert.equal(createdAt, 1_600_000_000_000)
    assert.ok((await engine.log.load('main')).changedAt >= before)
  })

  test('T9: the newest time is that of the last append, and 0 without a board', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    assert.equal(await engine.newestTime(), 0)
    const { board, cursor } = await newBoard(engine)
    await newBoard(engine)
    const before = await nextMillisecond()
    await append(engine, board, cursor, [put(newId())])
    const newest = await engine.newestTime()
    assert.ok(newest >= before && newest <= Date.now())
    assert.deepEqual(await engine.health(), [])
  })

  test('F2: a board that is removed and made again has nothing of the old one', async () => {
    const { boards, log, secrets, history } = engine()
    const { board, cursor } = await newBoard(engine())
    const other = await newBoard(engine())
    const hash = newId()
    const clients = new Map([[newId(), { n: 1, seq: 1, refused: [] }]])
    const old = await append(engine(), board, cursor, [put(newId())], clients)
    const kept = await append(engine(), other.board, other.cursor, [put(newId())], clients)
    await secrets.put({ hash, board, kind: 'link', data: '{}', expiresAt: null })
    await history.append(board, [{ at: 1, kind: 'audit', subject: 'x', data: '{}', blob: null }])

    assert.equal(await boards.remove(board), true)
    assert.equal(await boards.remove(board), false)
    assert.equal(await boards.has(board), false)
    assert.equal(await secrets.get(hash), null)
    await rejectsWith(log.load(board), 'unknown-board')

    assert.equal(await boards.create(board), true)
    const { records, clients: remembered } = await log.load(board)
    assert.deepEqual([records, remembered.size], [[], 0])
    assert.deepEqual(await secrets.list(board), [])
    assert.deepEqual(await history.list(board, { kind: 'audit', limit: 9 }), [])
    assert.equal(await log.read(board, old), null)
    assert.equal(await log.append(board, { expected: old, changes: [], clients: noClients }), null)
    assert.equal((await log.load(other.board)).cursor, kept)
  })

  test('Y39: a board is removed at a cursor only if it still stands there', async () => {
    const { boards, log } = engine()
    const { board, cursor } = await newBoard(engine())
    const to = await append(engine(), board, cursor, [put(newId())])
    assert.equal(await boards.remove(board, cursor), false)
    assert.equal(await boards.remove(board, 'no cursor' as Cursor), false)
    assert.equal((await log.load(board)).cursor, to)
    assert.equal(await boards.remove(board, to), true)
    assert.equal(await boards.has(board), false)
    assert.equal(await boards.remove(board, to), false)
    const batch = { expected: to, changes: [put(newId())], clients: noClients }
    await rejectsWith(log.append(board, batch), 'unknown-board')
  })

  test('Y39: of a removal and an append at the same cursor one succeeds', async () => {
    const { boards, log } = engine()
    for (let round = 0; round < 8; round++) {
      const { board, cursor } = await newBoard(engine())
      const batch = { expected: cursor, changes: [put(newId())], clients: noClients }
      const adding = () =>
        log.append(board, batch).catch((error: unknown) => {
          assert.equal((error as WireError).code, 'unknown-board')
          return null
        })
      const both = [adding, () => boards.remove(board, cursor)] as const
      const [first, second] = round % 2 ? both : both.toReversed()
      const outcomes = await Promise.all([first!(), second!()])
      assert.equal(outcomes.filter(Boolean).length, 1)
      if (outcomes.includes(true)) await rejectsWith(log.load(board), 'unknown-board')
      else assert.equal((await log.load(board)).records.length, 1)
    }
  })

  test('a load tells what is kept of the log, and when it last changed', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const facts = async () => {
      const { firstSeq, changedAt, tombstoneCount } = await log.load(board)
      return { firstSeq, tombstoneCount, changedAt }
    }
    const [goes, stays, late] = [newId(), newId(), newId()]
    const before = await nextMillisecond()
    assert.ok((await facts()).changedAt < before)
    let at = await append(engine(), board, cursor, [put(goes), put(stays), put(late)])
    at = await append(engine(), board, at, [{ gone: goes }])
    const { changedAt, ...kept } = await facts()
    assert.deepEqual(kept, { firstSeq: 0, tombstoneCount: 1 })
    assert.ok(changedAt >= before && changedAt <= Date.now())
    const time = await nextMillisecond()
    at = await append(engine(), board, at, [])
    await append(engine(), board, at, [{ gone: late }])
    await log.prune(board, time)
    const { firstSeq, tombstoneCount } = await facts()
    assert.deepEqual({ firstSeq, tombstoneCount }, { firstSeq: 3, tombstoneCount: 1 })
  })

  test('every method rejects an unknown board', async () => {
    const { log, secrets, history } = engine()
    const { cursor } = await newBoard(engine())
    const board = 'nowhere'
    await rejectsWith(log.load(board), 'unknown-board')
    await rejectsWith(log.read(board, cursor), 'unknown-board')
    const batch = { expected: cursor, changes: [put(newId())], clients: noClients }
    await rejectsWith(log.append(board, batch), 'unknown-board')
    await rejectsWith(log.prune(board, 0), 'unknown-board')
    const secret = { hash: newId(), board, kind: 'link', data: '', expiresAt: null } as const
    await rejectsWith(secrets.put(secret), 'unknown-board')
    for (const expected of [null, secret.data])
      await rejectsWith(secrets.replace(secret, expected), 'unknown-board')
    await rejectsWith(secrets.list(board), 'unknown-board')
    await rejectsWith(history.append(board, []), 'unknown-board')
    await rejectsWith(history.list(board, { kind: 'audit', limit: 1 }), 'unknown-board')
    await rejectsWith(history.prune(board, { kind: 'audit' }), 'unknown-board')
  })

  test('close finishes earlier calls, may be called twice, and refuses later calls', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const { board, cursor } = await newBoard(engine)
    const bytes = randomBytes(100)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const path = join(tmpdir(), sha256)
    await writeFile(path, bytes)
    t.after(() => rm(path))
    const settled: string[] = []
    const appending = append(engine, board, cursor, [put(newId())])
    void appending.finally(() => settled.push('append'))
    void engine.blobs.put(path, sha256).finally(() => settled.push('put'))
    await Promise.all([engine.close(), engine.close()])
    assert.deepEqual(settled.sort(), ['append', 'put'])
    await engine.close()
    const to = await appending

    const batch = { expected: to, changes: [], clients: noClients }
    await rejectsWith(engine.log.append(board, batch), 'stopping')
    await rejectsWith(engine.log.load(board), 'stopping')
    await rejectsWith(engine.boards.list(), 'stopping')
    await rejectsWith(engine.blobs.has('0'.repeat(64)), 'stopping')
    await rejectsWith(engine.blobs.get('0'.repeat(64)), 'stopping')
    await rejectsWith(engine.secrets.get('x'), 'stopping')
    await rejectsWith(engine.secrets.ended(['x']), 'stopping')
    await rejectsWith(engine.history.list(board, { kind: 'audit', limit: 1 }), 'stopping')
    engine.log.watch(board, () => {})()

    const again = await reopen()
    assert.equal((await again.log.load(board)).cursor, to)
    assert.equal(await again.blobs.has(sha256), true)
  })
}

/** Declares the tests of `Secrets`. */
export function secretsContract(open: OpenFixture): void {
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
    await nextMillisecond()
    assert.equal(await secrets.get(forever.hash), null)

    assert.equal(await secrets.remove(session.hash), true)
    assert.equal(await secrets.remove(session.hash), false)
    assert.equal(await secrets.remove(expired.hash), false)
    assert.deepEqual(await secrets.list(board), [])
    assert.deepEqual(await secrets.list(other.board), [elsewhere])
  })
}

/** Declares the tests of `Secrets.replace`. */
export function replacedSecretsContract(open: OpenFixture): void {
  test('B141: a secret is replaced if it stands there as expected', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const { secrets } = engine
    const [{ board }, other] = [await newBoard(engine), await newBoard(engine)]
    const first: Secret = { hash: newId(), board, kind: 'link', data: '1', expiresAt: null }
    const second = { ...first, data: '2', expiresAt: Date.now() + 3_600_000 }
    assert.equal(await secrets.replace(first, '1'), false)
    assert.equal(await secrets.get(first.hash), null)
    assert.equal(await secrets.replace(first, null), true)
    for (const expected of [null, '2']) {
      assert.equal(await secrets.replace(second, expected), false)
      assert.deepEqual(await secrets.get(first.hash), first)
    }
    assert.equal(await secrets.replace({ ...second, board: other.board }, '1'), false)
    assert.equal(await secrets.replace(second, '1'), true)
    assert.equal(await secrets.replace(second, '2'), true, 'its like replaces it too')
    assert.deepEqual(await secrets.get(first.hash), second)

    // One that has expired ends it, and isn't there any more.
    assert.equal(await secrets.replace({ ...second, expiresAt: 1 }, '2'), true)
    assert.deepEqual(await secrets.ended([first.hash]), [first.hash])
    assert.equal(await secrets.replace(second, '2'), false)
    assert.equal(await secrets.replace(first, null), true)
    assert.equal(await secrets.remove(first.hash), true)
    assert.equal(await secrets.replace(second, '1'), false, 'what was removed stays so')
    assert.equal(await secrets.get(first.hash), null)
  })

  test('B141: of many replacements of one secret at once one holds', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const { secrets } = engine
    const { board } = await newBoard(engine)
    const secret = { hash: newId(), board, kind: 'link', expiresAt: null } as const
    for (const expected of [null, 'chosen']) {
      const tries = Array.from({ length: 8 }, (_, i) => ({ ...secret, data: `${expected} ${i}` }))
      const stored = await Promise.all(tries.map((each) => secrets.replace(each, expected)))
      assert.equal(stored.filter(Boolean).length, 1)
      assert.deepEqual(await secrets.get(secret.hash), tries[stored.indexOf(true)])
      await secrets.put({ ...secret, data: 'chosen' })
    }
  })
}

/** Declares the tests of `Secrets.ended`. */
export function endedSecretsContract(open: OpenFixture): void {
  test('B20: of many hashes those are found whose secrets are unknown, removed or expired', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const { secrets } = engine
    const [{ board }, other] = [await newBoard(engine), await newBoard(engine)]
    const put = async (fields: Partial<Secret> = {}): Promise<Secret> => {
      const secret = { hash: newId(), board, kind: 'session', data: '{}', expiresAt: null } as const
      await secrets.put({ ...secret, ...fields })
      return { ...secret, ...fields }
    }
    const [forever, soon, removed, replaced] = [
      await put(),
      await put({ expiresAt: Date.now() + 3_600_000 }),
      await put(),
      await put({ expiresAt: Date.now() + 3_600_000 }),
    ]
    const [elsewhere, expired] = [await put({ board: other.board }), await put({ expiresAt: 1 })]
    const all = [forever, soon, removed, replaced, elsewhere].map(({ hash }) => hash)
    assert.deepEqual(await secrets.ended([]), [])
    assert.deepEqual(await secrets.ended(all), [])
    const unknown = "it's unknown"
    assert.deepEqual(
      (await secrets.ended([...all, unknown, expired.hash, unknown])).sort(),
      [expired.hash, unknown].sort(),
    )

    await secrets.remove(removed.hash)
    await put({ ...replaced, expiresAt: Date.now() })
    await put({ ...soon, data: '{"role":"own"}', expiresAt: null })
    await nextMillisecond()
    assert.deepEqual((await secrets.ended(all)).sort(), [removed.hash, replaced.hash].sort())
    await engine.boards.remove(other.board)
    assert.ok((await secrets.ended(all)).includes(elsewhere.hash))
    await engine.boards.create(other.board)
    assert.ok((await secrets.ended(all)).includes(elsewhere.hash))
  })

  test('B20: thousands of hashes are looked up at once', async (t) => {
    const { engine, cleanup } = await open()
    t.after(cleanup)
    const { board } = await newBoard(engine)
    const secret = { board, kind: 'session', data: '{}', expiresAt: null } as const
    const valid = Array.from({ length: 50 }, () =>
      createHash('sha256').update(newId()).digest('hex'),
    )
    await Promise.all(valid.map((hash) => engine.secrets.put({ ...secret, hash })))
    const gone = Array.from({ length: 20_000 }, (_, i) =>
      createHash('sha256').update(`${i}`).digest('hex'),
    )
    const ended = await engine.secrets.ended([
      ...gone.slice(9_000),
      ...valid,
      ...gone.slice(0, 9_000),
    ])
    assert.deepEqual(ended.sort(), gone.sort())
  })
}

/** Declares the tests of `History`. */
export function historyContract(open: OpenFixture): void {
  test('history is listed newest first, by kind and subject, and forgotten by time', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const [{ board }, other] = [await newBoard(engine), await newBoard(engine)]
    const entry = (at: number, kind: HistoryEntry['kind'], subject: string): HistoryEntry => ({
      at,
      kind,
      subject,
      data: JSON.stringify({ at, text: '"é"' }),
      blob: null,
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

    await history.prune(board, { kind: 'audit', before: 2 })
    assert.deepEqual(await list({ kind: 'audit', limit: 9 }), [three, two])
    await history.prune(board, { kind: 'audit', keep: 3 })
    await history.prune(board, { kind: 'audit', before: 1, keep: 2 })
    assert.deepEqual(await list({ kind: 'audit', limit: 9 }), [three, two])
    await history.prune(board, { kind: 'audit', before: 1, keep: 1 })
    assert.deepEqual(await list({ kind: 'audit', limit: 9 }), [three])
    assert.deepEqual(await list({ kind: 'frame', limit: 9 }), [frame])

    const replaced = ['a', 'b'].flatMap((subject) =>
      [5, 6, 7].map((at) => entry(at, 'replaced', subject)),
    )
    await history.append(board, replaced)
    const [first, second, third, ...ofB] = replaced
    await history.prune(board, { kind: 'replaced', subject: 'a', before: 6 })
    const newestOfB = ofB.toReversed()
    const listA = () => list({ kind: 'replaced', subject: 'a', limit: 9 })
    assert.deepEqual(await listA(), [third, second], `without ${first!.at}`)
    await history.prune(board, { kind: 'replaced', subject: 'a', keep: 1 })
    assert.deepEqual(await listA(), [third])
    await history.prune(board, { kind: 'replaced', subject: 'c', keep: 1 })
    assert.deepEqual(await list({ kind: 'replaced', subject: 'b', limit: 9 }), newestOfB)
    await history.prune(board, { kind: 'replaced', subject: 'a', before: Number.MAX_SAFE_INTEGER })
    assert.deepEqual(await listA(), [])
    assert.deepEqual(await list({ kind: 'replaced', limit: 9 }), newestOfB)
    assert.equal((await history.list(other.board, { kind: 'audit', limit: 9 })).length, 1)
  })
}
