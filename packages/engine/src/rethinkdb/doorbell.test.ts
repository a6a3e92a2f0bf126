import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { type Cursor, cursor as cursorOf, parseCursor } from '@wirephoto/board'
import { r } from 'rethinkdb-ts'
import { Proxy } from '../../../../test/support/proxy.ts'
import { NO_RETHINKDB, Rethinkdb } from '../../../../test/support/rethinkdb.ts'
import { append, listener, newBoard, newId, put } from '../contract/samples.ts'
import type { Engine } from '../engine.ts'
import { openEngine } from '../open.ts'
import { type Address, parseAddress } from './address.ts'
import { ReconnectingConnection } from './database.ts'
import { Doorbell } from './doorbell.ts'
import { type BatchRow, tablesOf } from './tables.ts'

const NEVER_MS = 3_600_000

if (NO_RETHINKDB !== null) test('RethinkDB', { skip: NO_RETHINKDB })
else
  describe('RethinkDB, the doorbell', () => {
    const server = new Rethinkdb()
    after(() => server.close())

    /** Opens an engine, and a proxy to its database whose connections can be cut. */
    async function proxied(
      t: TestContext,
    ): Promise<{ engine: Engine; proxy: Proxy; address: Address }> {
      const url = server.newDatabase()
      const engine = await openEngine(url)
      t.after(() => engine.close())
      const proxy = await Proxy.open(server.port)
      t.after(() => proxy.close())
      const direct = await parseAddress(url)
      const proxiedServer = { ...direct.servers[0], host: '127.0.0.1', port: proxy.port }
      return { engine, proxy, address: { ...direct, servers: [proxiedServer] } }
    }

    async function opened(t: TestContext, address: Address, poll: number): Promise<Doorbell> {
      const doorbell = await Doorbell.open(address, poll)
      t.after(() => doorbell.close())
      return doorbell
    }

    /** Appends to a board `count` times. Returns its new cursor. */
    async function appends(engine: Engine, board: string, from: Cursor, count: number) {
      let at = from
      for (let i = 0; i < count; i++) at = await append(engine, board, at, [put(newId())])
      return at
    }

    test('a feed that overflows says so, and then all boards are looked at', async (t) => {
      const { engine, proxy, address } = await proxied(t)
      const doorbell = await opened(t, address, NEVER_MS)
      const early = await newBoard(engine)
      const bell = listener()
      doorbell.watch(early.board, bell.ring)
      const others = await Promise.all(Array.from({ length: 8 }, () => newBoard(engine)))
      const rings = others.map(({ board }) => {
        const one = listener()
        doorbell.watch(board, one.ring)
        return one
      })

      proxy.down.stall()
      const last = await appends(engine, early.board, early.cursor, 20)
      const lasts = await Promise.all(
        others.map(({ board, cursor }) => appends(engine, board, cursor, 140)),
      )
      proxy.down.resume()
      await bell.rung(last)
      await Promise.all(rings.map((ring, i) => ring.rung(lasts[i]!)))
      const rung = rings.reduce((sum, { heard }) => sum + heard.length, bell.heard.length)
      t.diagnostic(`${rung} rings for ${20 + 8 * 140} batches`)
      assert.ok(rung < 8 * 140, 'the feed had dropped some')
      // The feed goes on.
      await bell.rung(await appends(engine, early.board, last, 1))
    })

    test('a feed that is cut opens again, and rings for what was appended meanwhile', async (t) => {
      const { engine, proxy, address } = await proxied(t)
      const doorbell = await opened(t, address, NEVER_MS)
      const { board, cursor } = await newBoard(engine)
      const bell = listener()
      doorbell.watch(board, bell.ring)
      let at = cursor
      for (let round = 0; round < 5; round++) {
        if (round % 2) proxy.resetConnections()
        else proxy.disconnect()
        at = await appends(engine, board, at, 3)
        proxy.reconnect()
        await bell.rung(at)
        at = await appends(engine, board, at, 1)
        await bell.rung(at)
      }
    })

    test('a feed of a table that is away for a moment opens again', async (t) => {
      const { engine, address } = await proxied(t)
      const doorbell = await opened(t, address, NEVER_MS)
      const { board, cursor } = await newBoard(engine)
      const bell = listener()
      doorbell.watch(board, bell.ring)
      const { batches } = tablesOf(address.database)
      // As when another server becomes the primary, feeds end and queries fail meanwhile.
      await server.query(batches.reconfigure({ shards: 2, replicas: 1 }))
      let at: Cursor | null = null
      while (!at) at = await appends(engine, board, cursor, 1).catch(() => null)
      const { epoch, seq } = parseCursor(at)!
      assert.equal(seq, 1)
      await bell.rung(at)
      assert.equal(parseCursor(await appends(engine, board, at, 1))!.epoch, epoch)
    })

    test('an append that no feed announces is found by the poll', async (t) => {
      const { engine, address } = await proxied(t)
      const doorbell = await opened(t, address, 50)
      const { board, cursor } = await newBoard(engine)
      const bell = listener()
      doorbell.watch(board, bell.ring)
      const { epoch, stamp } = parseCursor(cursor)!
      // A server's own appends are not in its feed.
      const batch: BatchRow = {
        id: [epoch, 1],
        board,
        stamp: 'silent',
        prev: stamp,
        by: doorbell.serverId,
        at: 0,
        changes: '[]',
        clients: [],
      }
      await server.query(tablesOf(address.database).batches.insert(batch))
      await bell.rung(cursorOf(epoch, 1, 'silent'))
    })

    test('a connection that has gone silent is given up, and another opened', async (t) => {
      const { proxy, address } = await proxied(t)
      const connection = new ReconnectingConnection(address, 300)
      t.after(() => connection.close())
      assert.equal(await connection.run(r.expr(1)), 1)
      proxy.down.stall()
      await assert.rejects(connection.run(r.expr(2)))
      proxy.down.resume()
      assert.equal(await connection.run(r.expr(3)), 3)
    })
  })
