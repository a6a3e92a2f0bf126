import assert from 'node:assert/strict'
import test from 'node:test'
import {
  type AnyRecord,
  applyChanges,
  type Change,
  type Cursor,
  cursor as cursorOf,
  emptyBoard,
  idOf,
  parseCursor,
  seqOf,
} from '@wirephoto/board'
import type { ClientState, Engine } from '../engine.ts'
import type { OpenFixture } from './fixture.ts'
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

/** Declares the tests of `ChangeLog`. */
export function logContract(engine: () => Engine, open: OpenFixture): void {
  test('F1, L9: an appended batch is there for another engine on the same data', async (t) => {
    const { engine, reopen, cleanup } = await open()
    t.after(cleanup)
    const { board, cursor } = await newBoard(engine)
    const odd = 'two\nlines, "quotes", \0, \u2028, \ud800 and 🗼'
    const [a, b, gone] = [newId(), newId(), newId()]
    const refused = [{ n: 2, error: { code: 'not-allowed' as const, message: odd } }]
    const clients = new Map([['c', { n: 2, seq: 1, refused }]])
    const settings = { put: { ...emptyBoard, title: odd } }
    const changes = [put(a), put(b, { caption: odd, x: -0.1 }), put(gone), settings]
    const first = await append(engine, board, cursor, changes, clients)
    const second = await append(engine, board, first, [{ gone }, { gone: 'never "was"' }])

    const loaded = await (await reopen()).log.load(board)
    assert.equal(loaded.cursor, second)
    assert.deepEqual(
      byId(loaded.records),
      byId([image(a), image(b, { caption: odd, x: -0.1 }), settings.put]),
    )
    assert.deepEqual(loaded.clients, clients)
  })

  test('the last of several changes to one record in a batch counts', async () => {
    const { board, cursor } = await newBoard(engine())
    const [a, b] = [newId(), newId()]
    const changes = [put(a, { x: 1 }), { gone: b }, put(a, { x: 2 }), put(b), { gone: a }, put(a)]
    const to = await append(engine(), board, cursor, changes)
    assert.deepEqual(byId((await engine().log.load(board)).records), byId([image(a), image(b)]))
    await append(engine(), board, to, [put(a), { gone: a }])
    assert.deepEqual((await engine().log.load(board)).records, [image(b)])
  })

  test('every batch is the next: seq has no gap, every cursor is new', async () => {
    const { board, cursor } = await newBoard(engine())
    assert.equal(seqOf(cursor), 0)
    const seen = new Set([cursor])
    let at = cursor
    for (let seq = 1; seq <= 20; seq++) {
      at = await append(engine(), board, at, seq % 3 ? [put(newId())] : [])
      assert.equal(seqOf(at), seq)
      seen.add(at)
    }
    assert.equal(seen.size, 21)
    assert.equal((await engine().log.load(board)).cursor, at)
  })

  test('L1, F4: an append that expected another state changes nothing', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const id = newId()
    const clients = new Map([['c', { n: 1, seq: 1, refused: [] }]])
    const to = await append(engine(), board, cursor, [put(id)], clients)
    const before = await log.load(board)
    const { epoch, seq, stamp } = parseCursor(to)!
    const others = [
      cursor,
      cursorOf(epoch, seq, 'other'),
      cursorOf('other', seq, stamp),
      cursorOf(epoch, seq + 1, stamp),
      (await newBoard(engine())).cursor,
      'garbage' as Cursor,
    ]
    for (const expected of others) {
      const late = new Map([['c', { n: 2, seq: 2, refused: [] }]])
      const batch = { expected, changes: [put(id, { x: 9 }), put(newId())], clients: late }
      assert.equal(await log.append(board, batch), null, expected)
    }
    assert.deepEqual(await log.load(board), before)
  })

  test('F4: of several appends to the same state at once, one succeeds', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const racers = Array.from({ length: 20 }, newId)
    const results = await Promise.all(
      racers.map((id) =>
        log.append(board, { expected: cursor, changes: [put(id)], clients: noClients }),
      ),
    )
    const winner = results.findIndex((to) => to !== null)
    assert.equal(results.filter((to) => to !== null).length, 1)
    const loaded = await log.load(board)
    assert.equal(loaded.cursor, results[winner])
    assert.deepEqual(loaded.records, [image(racers[winner]!)])
  })

  test('F1: appends of many boards at once are each their own', async () => {
    const { log } = engine()
    const boards = await Promise.all(Array.from({ length: 40 }, () => newBoard(engine())))
    const stale = await newBoard(engine())
    await append(engine(), stale.board, stale.cursor, [])
    const batch = (expected: Cursor) => ({ expected, changes: [put(newId())], clients: noClients })
    const outcomes = await Promise.allSettled(
      boards.flatMap(({ board, cursor }, i) => [
        log.append(board, batch(cursor)),
        ...(i % 4 ? [] : [log.append(stale.board, batch(stale.cursor))]),
        ...(i % 5 ? [] : [log.append('nowhere', batch(cursor))]),
      ]),
    )
    assert.equal(outcomes.filter(({ status }) => status === 'rejected').length, 8)
    assert.equal(
      outcomes.filter((one) => one.status === 'fulfilled' && one.value === null).length,
      10,
    )
    for (const { board } of boards) {
      const { cursor, records } = await log.load(board)
      assert.deepEqual([seqOf(cursor), records.length], [1, 1])
    }
    assert.deepEqual((await log.load(stale.board)).records, [])
  })

  test('L10, F3: the last numbers of clients are written in the same act as the changes', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const refused = [{ n: 4, error: { code: 'unknown-picture' as const, message: 'Gone.' } }]
    const a = { n: 1, seq: 1, refused: [] }
    const b = { n: 4, seq: 0, refused }
    const first = await append(engine(), board, cursor, [put(newId())], new Map([['a', a]]))
    const second = await append(engine(), board, first, [], new Map([['b', b]]))
    const later = { n: 2, seq: 3, refused: [] }
    const third = await append(engine(), board, second, [put(newId())], new Map([['a', later]]))

    assert.deepEqual((await log.load(board)).clients, new Map([['a', later], ['b', b]])) // biome-ignore format: a table
    const since = async (at: Cursor) => (await log.read(board, at))?.clients
    assert.deepEqual(await since(cursor), new Map([['a', later], ['b', b]])) // biome-ignore format: a table
    assert.deepEqual(await since(second), new Map([['a', later]]))
    assert.deepEqual(await since(third), new Map())
  })

  test('a load is one state, however many appends go on', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const [a, b] = [newId(), newId()]
    let appending = true
    const writing = (async () => {
      let at = cursor
      for (let x = 1; x <= 60; x++) {
        const clients = new Map([['c', { n: x, seq: x, refused: [] }]])
        at = await append(engine(), board, at, [put(a, { x }), put(b, { x })], clients)
      }
    })().finally(() => {
      appending = false
    })
    let loads = 0
    for (; appending; loads++) {
      const { cursor, records, clients } = await log.load(board)
      const seq = seqOf(cursor)
      const xs = records.map((record) => record.kind === 'image' && record.x)
      assert.deepEqual(xs, seq === 0 ? [] : [seq, seq])
      assert.equal(clients.get('c')?.n ?? 0, seq)
    }
    await writing
    assert.ok(loads > 1)
  })

  test('F2: a reader gets the changes since any cursor, each record once', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const ids = Array.from({ length: 4 }, newId)
    const replica = new Map<string, AnyRecord>()
    const stops = [{ at: cursor, records: new Map(replica) }]
    const steps: Change[][] = [
      [put(ids[0]!), put(ids[1]!)],
      [put(ids[0]!, { x: 1 })],
      [{ gone: ids[1]! }, put(ids[2]!)],
      [],
      [put(ids[3]!)],
      [{ gone: ids[3]! }],
      [put(ids[1]!, { x: 2 }), put(ids[0]!, { x: 3 })],
    ]
    for (const changes of steps) {
      const at = await append(engine(), board, stops.at(-1)!.at, changes)
      applyChanges(replica, changes)
      stops.push({ at, records: new Map(replica) })
    }
    const head = stops.at(-1)!.at
    for (const { at, records } of stops) {
      const missed = await log.read(board, at)
      assert.ok(missed, at)
      let stand = at
      for (const { from, to, changes } of missed.batches) {
        assert.equal(from, stand)
        applyChanges(records, changes)
        stand = to
      }
      assert.equal(stand, head)
      assert.deepEqual(records, replica)
    }
    assert.deepEqual(await log.read(board, head), { batches: [], clients: new Map() })
    // A reader gets nothing that it has already.
    const [last] = (await log.read(board, stops.at(-2)!.at))!.batches
    assert.deepEqual(last!.changes.toSorted(byChangedId), steps.at(-1)!.toSorted(byChangedId))
  })

  test('F2, L8: cursors that are future, foreign, garbage or of a lost tail can only load', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const to = await append(engine(), board, cursor, [put(newId())])
    const { epoch, seq, stamp } = parseCursor(to)!
    const cursors = {
      future: cursorOf(epoch, seq + 1, stamp),
      foreign: cursorOf('other', seq, stamp),
      'of another board': (await newBoard(engine())).cursor,
      'of a lost tail': cursorOf(epoch, seq, 'other'),
      'of another start': cursorOf(epoch, 0, stamp),
      empty: '',
      garbage: "'; DROP TABLE boards; --",
      long: `${epoch}.${'9'.repeat(400)}.${stamp}`,
    }
    for (const [which, at] of Object.entries(cursors))
      assert.equal(await log.read(board, at as Cursor), null, which)
  })

  test('a large batch is one batch', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const changes = Array.from({ length: 3_000 }, (_, x) =>
      put(newId(), { x, caption: 'é'.repeat(400) }),
    )
    const clients = new Map<string, ClientState>()
    for (let n = 1; n <= 500; n++) clients.set(newId(), { n, seq: 1, refused: [] })
    const to = await append(engine(), board, cursor, changes, clients)
    assert.equal(seqOf(to), 1)
    const loaded = await log.load(board)
    assert.equal(loaded.records.length, 3_000)
    assert.deepEqual(loaded.clients, clients)
    const missed = await log.read(board, cursor)
    assert.equal(missed?.batches.flatMap((batch) => batch.changes).length, 3_000)
  })

  test('the doorbell rings after every append, for all watchers of that board', async () => {
    const { log } = engine()
    const [here, there] = [await newBoard(engine()), await newBoard(engine())]
    const rings = { a: listener(), b: listener(), elsewhere: listener() }
    const unwatch = log.watch(here.board, rings.a.ring)
    const unwatchB = log.watch(here.board, rings.b.ring)
    const unwatchElsewhere = log.watch(there.board, rings.elsewhere.ring)

    const first = await append(engine(), here.board, here.cursor, [])
    await Promise.all([rings.a.rung(first), rings.b.rung(first)])
    unwatch()
    unwatch()
    const second = await append(engine(), here.board, first, [])
    await rings.b.rung(second)
    const last = await append(engine(), there.board, there.cursor, [])
    await rings.elsewhere.rung(last)
    assert.ok(!rings.a.heard.includes(second))
    assert.ok(!rings.elsewhere.heard.includes(first))
    unwatchB()
    unwatchElsewhere()
  })

  test('prune deletes older batches, tombstones and clients, and no record', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    const [stays, goes, late] = [newId(), newId(), newId()]
    const state = (n: number) => ({ n, seq: n, refused: [] })
    const old = await append(
      engine(),
      board,
      cursor,
      [put(stays), put(goes)],
      new Map([['a', state(1)]]),
    )
    const older = await append(engine(), board, old, [{ gone: goes }])
    const time = await nextMillisecond()
    const floor = await append(engine(), board, older, [put(late)], new Map([['b', state(2)]]))
    const head = await append(engine(), board, floor, [{ gone: late }])

    await log.prune(board, 0)
    assert.ok(await log.read(board, cursor))
    await log.prune(board, time)
    await log.prune(board, time)
    for (const at of [cursor, old, older]) assert.equal(await log.read(board, at), null)
    const missed = await log.read(board, floor)
    assert.deepEqual(missed?.batches, [{ from: floor, to: head, changes: [{ gone: late }] }])
    const loaded = await log.load(board)
    assert.equal(loaded.cursor, head)
    assert.deepEqual(loaded.records, [image(stays)])
    assert.deepEqual(loaded.clients, new Map([['b', state(2)]]))
  })

  test('prune leaves the current state, which can be appended to and read from', async () => {
    const { log } = engine()
    const { board, cursor } = await newBoard(engine())
    await log.prune(board, Date.now() + 60_000)
    const first = await append(engine(), board, cursor, [put(newId())])
    await log.prune(board, Date.now() + 60_000)
    assert.equal(await log.read(board, cursor), null)
    assert.deepEqual((await log.read(board, first))?.batches, [])
    assert.equal(seqOf(await append(engine(), board, first, [])), 2)
  })
}

const byId = (records: readonly AnyRecord[]) =>
  new Map(records.map((record) => [record.id, record]))

const byChangedId = (a: Change, b: Change) => (idOf(a) < idOf(b) ? -1 : 1)
