import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { type Cursor, cursor as cursorOf, parseCursor, seqOf } from '@wirephoto/board'
import { type RTable, r } from 'rethinkdb-ts'
import { Proxy } from '../../../../test/support/proxy.ts'
import { NO_RETHINKDB, Rethinkdb } from '../../../../test/support/rethinkdb.ts'
import { DyingDatabase } from '../../support/dying-database.ts'
import {
  append,
  image,
  newBoard,
  newId,
  nextMillisecond,
  noClients,
  put,
  rejectsWith,
} from '../contract/samples.ts'
import type { ChangeLog, Clients, Engine } from '../engine.ts'
import { openEngine } from '../open.ts'
import { type Address, parseAddress } from './address.ts'
import { Database, type Query } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { openLog } from './log.ts'
import { Projector } from './projector.ts'
import { type Tables, tablesOf } from './tables.ts'

/** A database whose server freezes after a read, for longer than a write may be late. */
class FrozenDatabase extends Database {
  override async run<T>(query: Query): Promise<T> {
    const result = await super.run<T & { now?: number }>(query)
    return result?.now === undefined ? result : { ...result, now: result.now - 61 }
  }
}

if (NO_RETHINKDB !== null) test('RethinkDB', { skip: NO_RETHINKDB })
else
  describe('RethinkDB, the change log', () => {
    const server = new Rethinkdb()
    after(() => server.close())

    interface Opened {
      readonly url: string
      readonly engine: Engine
      readonly address: Address
      readonly tables: Tables
      readonly database: Database
    }

    async function opened(t: TestContext): Promise<Opened> {
      const url = server.newDatabase()
      const engine = await openEngine(url)
      const address = await parseAddress(url)
      const database = new Database(address, 2)
      t.after(() => Promise.all([engine.close(), database.close()]))
      return { url, engine, address, tables: tablesOf(address.database), database }
    }

    /** Opens a log that nobody projects. */
    async function bare(t: TestContext, { address, tables, database }: Opened): Promise<ChangeLog> {
      const doorbell = await Doorbell.open(address)
      t.after(() => doorbell.close())
      const idle = new Projector(database, tables)
      await idle.close()
      return openLog(database, tables, doorbell, idle)
    }

    const count = (table: RTable) => server.query<number>(table.count())

    test('F1: an append whose connection breaks before its answer is in doubt, and found by reading', async (t) => {
      const { url, tables } = await opened(t)
      const proxy = await Proxy.open(server.port)
      t.after(() => proxy.close())
      const engine = await openEngine(url.replace(`:${server.port}`, `:${proxy.port}`))
      t.after(() => engine.close())
      const { board, cursor } = await newBoard(engine)
      const { epoch } = parseCursor(cursor)!
      proxy.down.stall()
      const batch = { expected: cursor, changes: [put(newId())], clients: noClients }
      const appending = engine.log.append(board, batch)
      appending.catch(() => {})
      while ((await server.query(tables.batches.get([epoch, 1]))) === null);
      proxy.disconnect()
      proxy.down.resume()
      await rejectsWith(appending, 'away')
      await rejectsWith(engine.log.load(board), 'away')
      await rejectsWith(engine.blobs.has('0'.repeat(64)), 'away')
      proxy.reconnect()
      const missed = await engine.log.read(board, cursor)
      assert.deepEqual(missed?.batches.at(-1)?.changes, batch.changes)
      await append(engine, board, missed!.batches.at(-1)!.to, [])
    })

    test('F1, F4: a projection that dies anywhere leaves the same state, and is done again', async (t) => {
      const parts = await opened(t)
      const { engine, address, tables, database } = parts
      const log = await bare(t, parts)
      const { board, cursor } = await newBoard(engine)
      const ids = Array.from({ length: 1_100 }, newId)
      const truth = new Map<string, number>()
      const remembered = new Map<string, Clients>()
      const stops: Cursor[] = [cursor]
      const write = async (x: number) => {
        const own = ids.filter((_, i) => x === 0 || i % 3 === x % 3)
        const gone = x > 0 ? ids.filter((_, i) => i % 50 === x) : []
        const clients: Clients = new Map([[`c${x % 4}`, { n: x + 1, seq: x + 1, refused: [] }]])
        const changes = [...own.map((id) => put(id, { x })), ...gone.map((id) => ({ gone: id }))]
        const to = await log.append(board, { expected: stops.at(-1)!, changes, clients })
        stops.push(to!)
        for (const id of own) truth.set(id, x)
        for (const id of gone) truth.delete(id)
        remembered.set(`c${x % 4}`, clients)
      }
      const check = async () => {
        const loaded = await log.load(board)
        assert.equal(loaded.cursor, stops.at(-1))
        const records = Array.from(truth, ([id, x]) => image(id, { x }))
        assert.deepEqual(
          loaded.records,
          records.sort((a, b) => (a.id < b.id ? -1 : 1)),
        )
        const clients = new Map(remembered.values().flatMap((one) => [...one]))
        assert.deepEqual(loaded.clients, clients)
        for (const stop of stops) {
          const missed = await log.read(board, stop)
          assert.equal(missed?.batches.at(-1)?.to ?? stop, stops.at(-1))
          if (stop === cursor) {
            const put = new Map<string, number>()
            for (const { changes } of missed!.batches)
              for (const change of changes)
                if ('gone' in change) put.delete(change.gone)
                else if (change.put.kind === 'image') put.set(change.put.id, change.put.x)
            assert.deepEqual(put, truth)
            assert.deepEqual(missed?.clients, clients)
          }
        }
      }

      let died = 0
      for (let left = 0, x = 0; ; left++) {
        await write(x++)
        await write(x++)
        const dying = new DyingDatabase(address, left)
        const done = await new Projector(dying, tables).project(board).then(
          () => true,
          () => false,
        )
        await dying.close()
        await check()
        if (done) break
        died++
      }
      t.diagnostic(`died at ${died} places`)
      assert.ok(died >= 6)
      const watermark = await database.run<{ seq: number }>(tables.boards.get(board))
      assert.equal(watermark.seq, seqOf(stops.at(-1)!))
    })

    test('F4: a reader behind the watermark sees no state before its time, wherever a projection is', async (t) => {
      const parts = await opened(t)
      const { engine, address, tables, database } = parts
      const log = await bare(t, parts)
      const { board, cursor } = await newBoard(engine)
      const id = newId()
      let at = cursor
      const write = async (x: number) => {
        const changes = [put(id, { x })]
        at = (await log.append(board, { expected: at, changes, clients: noClients }))!
      }
      await write(1)
      await new Projector(database, tables).project(board)
      await write(2)
      await write(3)
      for (let left = 0, done = false; !done; left++) {
        const dying = new DyingDatabase(address, left)
        done = await new Projector(dying, tables).project(board).then(
          () => true,
          () => false,
        )
        await dying.close()
        const { batches } = (await log.read(board, cursor))!
        const seen = batches.flatMap(({ changes }) =>
          changes.map((change) => 'put' in change && change.put.kind === 'image' && change.put.x),
        )
        const inOrder = seen.toSorted((one, other) => Number(one) - Number(other))
        assert.deepEqual(seen, inOrder, `after ${left} steps`)
        assert.equal(seen.at(-1), 3)
      }
    })

    test('F4: of servers that project at once, the newest of each record holds', async (t) => {
      const parts = await opened(t)
      const { engine, address, tables } = parts
      const log = await bare(t, parts)
      const { board, cursor } = await newBoard(engine)
      const ids = Array.from({ length: 40 }, newId).sort()
      const databases = Array.from({ length: 3 }, () => new Database(address, 1))
      t.after(() => Promise.all(databases.map((database) => database.close())))
      let at = cursor
      let writing = true
      const projecting = databases.map(async (database) => {
        const projector = new Projector(database, tables)
        while (writing) await projector.project(board)
        await projector.project(board)
      })
      for (let x = 1; x <= 60; x++) {
        const changes = ids.map((id, i) => (i % 7 === x % 7 ? { gone: id } : put(id, { x })))
        at = (await log.append(board, { expected: at, changes, clients: noClients }))!
      }
      writing = false
      await Promise.all(projecting)
      const records = ids.filter((_, i) => i % 7 !== 60 % 7).map((id) => image(id, { x: 60 }))
      assert.deepEqual((await log.load(board)).records, records)
      assert.deepEqual(await log.read(board, at), { batches: [], clients: new Map() })
      assert.equal(
        await count(tables.records.filter(r.row('json').ne(null)) as RTable),
        records.length,
      )
    })

    test('F4: a server that was frozen while it projected brings nothing back', async (t) => {
      const parts = await opened(t)
      const { engine, address, tables, database } = parts
      const log = await bare(t, parts)
      const { board, cursor } = await newBoard(engine)
      const id = newId()
      const changes = [put(id)]
      const at = (await log.append(board, { expected: cursor, changes, clients: noClients }))!
      const frozen = new FrozenDatabase(address, 1)
      t.after(() => frozen.close())
      await assert.rejects(new Projector(frozen, tables).project(board))
      assert.equal(await count(tables.records), 0)
      await new Projector(database, tables).project(board)
      assert.equal(await count(tables.records), 1)
      assert.deepEqual((await log.load(board)).cursor, at)
    })

    test('pruned rows go from the tables, and no old replica can append', async (t) => {
      const { engine, tables } = await opened(t)
      const { board, cursor } = await newBoard(engine)
      const { epoch } = parseCursor(cursor)!
      const [stays, goes] = [newId(), newId()]
      const state = (n: number): Clients => new Map([[`c${n}`, { n, seq: n, refused: [] }]])
      const stops = [cursor]
      for (const changes of [[put(stays), put(goes)], [{ gone: goes }], [put(newId())]])
        stops.push(await append(engine, board, stops.at(-1)!, changes, state(stops.length)))
      const [first, second, third] = stops.slice(1) as [Cursor, Cursor, Cursor]
      const loaded = await engine.log.load(board)
      // The first three batches become old.
      const long = tables.batches.between([epoch, 0], [epoch, 3])
      await server.query(long.update({ at: Date.now() - 7_200_000 }))

      await engine.log.prune(board, Date.now() - 3_700_000)
      assert.equal(await count(tables.batches), 1)
      assert.equal(await count(tables.records), 2)
      assert.equal(await count(tables.clients), 1)
      const after = await engine.log.load(board)
      assert.deepEqual(after, { ...loaded, clients: state(3), firstSeq: 3, tombstoneCount: 0 })
      for (const at of [cursor, first, second]) {
        assert.equal(await engine.log.read(board, at), null)
        const batch = { expected: at, changes: [put(newId())], clients: noClients }
        assert.equal(await engine.log.append(board, batch), null)
      }
      // A prune that died in the middle may leave some batches.
      const { stamp } = parseCursor(first)!
      await server.query(tables.batches.insert({ id: [epoch, 1], stamp }))
      const late = { changes: [put(newId())], clients: noClients }
      assert.equal(await engine.log.append(board, { ...late, expected: first }), null)
      assert.equal(await count(tables.batches), 2)
      await server.query(tables.batches.get([epoch, 1]).delete())

      // A recent batch is pruned too, but its row stays for queries in flight.
      const head = await append(engine, board, third, [{ gone: stays }])
      await engine.log.prune(board, await nextMillisecond())
      assert.equal(await engine.log.read(board, third), null)
      assert.equal(await engine.log.append(board, { ...late, expected: third }), null)
      assert.equal(await count(tables.batches), 2)
      assert.deepEqual((await engine.log.load(board)).cursor, head)
    })

    test('F2: a batch that follows another than the last one is not of this history', async (t) => {
      const { engine, tables } = await opened(t)
      const { board, cursor } = await newBoard(engine)
      const { epoch } = parseCursor(cursor)!
      const kept = await append(engine, board, cursor, [put(newId())])
      const lost = await append(engine, board, kept, [put(newId())])
      // After a fail-over that the operator has forced, the last batch is gone.
      await server.query(tables.batches.get([epoch, 2]).delete())
      assert.equal(await engine.log.read(board, lost), null)
      const batch = { expected: lost, changes: [put(newId())], clients: noClients }
      assert.equal(await engine.log.append(board, batch), null)
      const other = await append(engine, board, kept, [put(newId())])
      assert.equal(seqOf(other), 2)
      assert.equal(await engine.log.read(board, lost), null)
      assert.equal(await engine.log.append(board, batch), null)
      assert.equal((await engine.log.read(board, kept))?.batches.at(-1)?.to, other)
    })

    test('rows written late for a removed board are deleted at a later start', async (t) => {
      const { url, engine, tables } = await opened(t)
      const { board, cursor } = await newBoard(engine)
      const { epoch } = parseCursor(cursor)!
      await append(engine, board, cursor, [put(newId())])
      await engine.boards.remove(board)
      assert.equal(await count(tables.batches), 0)
      await server.query(tables.batches.insert({ id: [epoch, 2], board, stamp: 'late' }))
      await server.query(tables.records.insert({ id: [epoch, newId()], seq: 2, json: null }))
      const { board: other, cursor: at } = await newBoard(engine)
      await (await openEngine(url)).close()
      assert.equal(await count(tables.batches), 2, 'not yet: more may be in flight')
      const marked = tables.wirephoto.get(epoch)
      await server.query(marked.update({ at: Date.now() - 3_700_000 }))
      await (await openEngine(url)).close()
      assert.equal(await count(tables.batches), 1)
      assert.equal(await count(tables.records), 0)
      assert.equal(await server.query(marked), null)
      assert.equal((await engine.log.load(other)).cursor, at)
    })

    test('Y39: a removal that died once the board was closed is completed at a later start', async (t) => {
      const { url, engine, tables } = await opened(t)
      const { board, cursor } = await newBoard(engine)
      const { epoch, stamp } = parseCursor(cursor)!
      const row = { id: [epoch, 1], board, stamp: 'closed', prev: stamp, at: Date.now() }
      await server.query(
        tables.batches.insert({ ...row, by: '', changes: '[]', clients: [], closes: true }),
      )
      await server.query(tables.wirephoto.insert({ id: epoch, board, at: Date.now() - 3_700_000 }))
      await rejectsWith(engine.log.load(board), 'unknown-board')
      await rejectsWith(engine.log.read(board, cursor), 'unknown-board')
      for (const expected of [cursor, cursorOf(epoch, 1, 'closed')]) {
        const batch = { expected, changes: [put(newId())], clients: noClients }
        assert.equal(await engine.log.append(board, batch), null)
      }
      const again = await openEngine(url)
      t.after(() => again.close())
      await again.close()
      assert.equal(await engine.boards.has(board), false)
      assert.equal(await count(tables.batches), 0)
    })

    test('a reader who is far behind gets as many changes as there are records', async (t) => {
      const { engine, address, tables } = await opened(t)
      const { board, cursor } = await newBoard(engine)
      const ids = [newId(), newId()]
      let at = cursor
      for (let x = 1; x <= 50; x++) at = await append(engine, board, at, [put(ids[x % 2]!, { x })])
      const database = new Database(address, 1)
      t.after(() => database.close())
      await new Projector(database, tables).project(board)
      const missed = await engine.log.read(board, cursor)
      assert.equal(missed?.batches.length, 1)
      assert.equal(missed?.batches[0]?.to, at)
      assert.equal(missed?.batches[0]?.changes.length, 2)
      const { epoch } = parseCursor(cursor)!
      const middle = (await server.query<{ stamp: string }>(tables.batches.get([epoch, 49]))).stamp
      const last = await engine.log.read(board, cursorOf(epoch, 49, middle))
      assert.deepEqual(last?.batches[0]?.changes, [put(ids[0]!, { x: 50 })])
    })
  })
