import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect, type ImageRecord } from '@wirephoto/client'
import { r } from 'rethinkdb-ts'
import sharp from 'sharp'
import { cleanupAfter } from '../../../test/support/cleanup.ts'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { pngChunk, withPngChunks } from '../../../test/support/png.ts'
import { Proxy } from '../../../test/support/proxy.ts'
import { NO_RETHINKDB, Rethinkdb } from '../../../test/support/rethinkdb.ts'
import { derivedIds } from './remote/picture-id.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))

interface Link {
  readonly id: string
  readonly role: string
  readonly url: string
}

/** `wirephoto import --follow` as a process. */
function start(...args: string[]): ChildProcess {
  const { WIREPHOTO_TO: _, ...env } = process.env
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  return spawn(process.execPath, [BIN, 'import', ...args, '--follow'], { env, stdio: [...stdio] })
}

const draw = (red: number) =>
  sharp({ create: { width: 20, height: 10, channels: 3, background: { r: red, g: 9, b: 99 } } })
    .png()
    .toBuffer()

test('K62: what is no table can not be followed', async () => {
  const child = start('photos.zip', '--to', 'http://127.0.0.1:1')
  const [[code], err] = await Promise.all([once(child, 'close'), text(child.stderr!)])
  assert.equal(code, 2)
  assert.match(err, /^"photos\.zip" is no table; --follow takes rethinkdb:\/\/…\. For a folder,/)
})

if (NO_RETHINKDB !== null) test('K57 to K61 with a RethinkDB', { skip: NO_RETHINKDB })
else
  describe('with a RethinkDB', () => {
    const rethinkdb = new Rethinkdb()
    let server: InProcessServer
    before(async () => {
      server = await InProcessServer.open()
    })
    after(async () => {
      await server.close()
      await rethinkdb.close()
    })

    /** A table, a board, and the command between them, to be started as often as wanted. */
    async function opened(
      t: TestContext,
      { through, link }: { through?: Proxy; link?: Link } = {},
    ) {
      const stack = cleanupAfter(t)
      const url = new URL(rethinkdb.newDatabase())
      const database = url.pathname.slice(1)
      await rethinkdb.query(r.dbCreate(database))
      await rethinkdb.query(r.db(database).tableCreate('photos'))
      if (through) url.port = String(through.port)
      const address = link?.url ?? `${server.url}/b/${await server.newBoard()}`
      const board = stack.adopt(await connect(address), (each) => each.close())
      const target = ['--to', server.url, '--board', board.id]
      if (link) target.push('--token', link.url)
      const follow = (name = 'photos') => {
        const child = start(`${url.href}/${name}`, ...target)
        stack.defer(() => void child.kill('SIGKILL'))
        const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
        const ended = once(child, 'close').then(([code]) => code as number)
        return {
          ended,
          errors: text(child.stderr!),
          nextLine: async () => (await lines.next()).value as string,
          interrupt: () => {
            child.kill('SIGINT')
            return ended
          },
        }
      }
      /** Resolves to the picture of a name, once it is as wanted. */
      const picture = async (name: string, isWanted: (picture: ImageRecord) => boolean) => {
        const { promise, resolve } = Promise.withResolvers<ImageRecord>()
        const look = () => {
          for (const each of board.pictures.values())
            if (each.name === name && each.blob && isWanted(each)) resolve(each)
        }
        const off = board.on('pictures', look)
        look()
        return await promise.finally(off)
      }
      const table = r.db(database).table('photos')
      const makeTable = async (name: string) => {
        await rethinkdb.query(r.db(database).tableCreate(name))
        return r.db(database).table(name)
      }
      return { makeTable, board, table, follow, picture, query: rethinkdb.query.bind(rethinkdb) }
    }

    const isShown = ({ deletedAt }: ImageRecord) => deletedAt === null

    test('K57, K58, K59: the board goes on like the table', async (t) => {
      const { board, table, follow, picture, query } = await opened(t)
      await query(table.insert({ id: 'a', fileName: 'a.png', x: 40, y: 25, file: await draw(1) }))
      const { interrupt, nextLine } = follow()
      const a = await picture('a.png', isShown)
      assert.deepEqual([a.x, a.y], [40, 25])
      assert.equal(await nextLine(), 'a.png was added')

      // As the tutorial does: a placeholder first, and then its file.
      await query(table.insert({ id: 'b', fileName: 'b.png', x: 80, y: 5 }))
      await query(table.get('b').update({ file: await draw(2) }))
      await picture('b.png', isShown)
      assert.equal(await nextLine(), 'b.png was added')
      await query(table.insert({ id: 'c', fileName: 'c.txt', file: Buffer.from('no picture') }))
      assert.match(await nextLine(), /^Left c\.txt: c\.txt is a text\./)

      await query(table.get('a').update({ x: 300, y: 200 }))
      const moved = await picture('a.png', ({ x }) => x === 300)
      assert.deepEqual([moved.id, moved.y, moved.blob], [a.id, 200, a.blob])
      await query(table.get('a').update({ file: await draw(3) }))
      const replaced = await picture('a.png', ({ blob }) => blob !== a.blob)
      assert.deepEqual([replaced.id, replaced.x], [a.id, 300])
      assert.equal(await nextLine(), 'a.png was replaced')
      await query(table.get('a').delete())
      await picture('a.png', ({ deletedAt }) => deletedAt !== null)
      assert.equal(await nextLine(), 'a.png was removed')
      assert.equal(board.pictures.size, 2)
      const [b] = [...board.pictures.values()].filter(isShown)
      board.remove([b!.id])
      await board.settled()
      await query(table.get('b').update({ x: 1 }))
      assert.match(await nextLine(), /^Left b\.png: it is in the board's trash;/)
      assert.equal(await interrupt(), 130)
    })

    test('K60: a second start adds nothing twice, and moves what was moved between', async (t) => {
      const { board, table, follow, picture, query } = await opened(t)
      await query(table.insert({ id: 'a', fileName: 'a.png', x: 40, y: 25, file: await draw(1) }))
      const first = follow()
      await picture('a.png', isShown)
      await first.interrupt()
      await query(table.get('a').update({ x: 90 }))
      const second = follow()
      await picture('a.png', ({ x }) => x === 90)
      await second.interrupt()
      assert.equal(board.pictures.size, 1)
    })

    test('K65, K66, K67: what was deleted between two starts goes to the trash, once', async (t) => {
      const { board, table, makeTable, follow, picture, query } = await opened(t)
      const rows = ['a', 'b', 'c', 'd'].map(async (id, i) => {
        return { id, fileName: `${id}.png`, file: await draw(i) }
      })
      await query(table.insert(await Promise.all(rows)))
      const first = follow()
      for (const _ of rows) assert.match(await first.nextLine(), /^[abcd]\.png was added$/)
      await first.interrupt()

      // Pictures that came otherwise, and stay: of the same table's rows by hand, of `push`, and of another table.
      await board.add(await draw(0), { name: 'hand.png' })
      const [pushed] = derivedIds('push', board.id, 'a')
      const address = `${server.url}/api/boards/${board.id}/images/${pushed}?name=pushed.png`
      assert.equal((await fetch(address, { method: 'PUT', body: await draw(1) })).status, 201)
      const others = await makeTable('others')
      await query(others.insert({ id: 'a', fileName: 'other.png', file: await draw(2) }))
      const beside = follow('others')
      assert.equal(await beside.nextLine(), 'other.png was added')
      await beside.interrupt()

      const [d] = [...board.pictures.values()].filter(({ name }) => name === 'd.png')
      board.remove([d!.id])
      await board.settled()
      await query(table.getAll('a', 'd').delete())
      const second = follow()
      assert.equal(await second.nextLine(), 'a.png was removed')
      const { id, deletedAt } = await picture('a.png', (each) => !isShown(each))
      // The next line comes when all that was gone has been seen to.
      await query(table.insert({ id: 'e', fileName: 'e.png', file: await draw(5) }))
      assert.equal(await second.nextLine(), 'e.png was added')
      await second.interrupt()

      await query(table.get('b').delete())
      const third = follow()
      assert.equal(await third.nextLine(), 'b.png was removed')
      await query(table.insert({ id: 'f', fileName: 'f.png', file: await draw(6) }))
      assert.equal(await third.nextLine(), 'f.png was added')
      await third.interrupt()
      await picture('f.png', isShown)
      assert.equal(board.pictures.get(id)?.deletedAt, deletedAt)
      const shown = [...board.pictures.values()].filter(isShown).map(({ name }) => name)
      assert.deepEqual(shown.sort(), [
        'c.png',
        'e.png',
        'f.png',
        'hand.png',
        'other.png',
        'pushed.png',
      ])
    })

    test('K68, K69: a file that was changed between two starts comes over, whatever its length', async (t) => {
      const { board, table, follow, picture, query } = await opened(t)
      const file = await draw(1)
      const told = withPngChunks(file, pngChunk('tEXt', Buffer.from('Author\0Anna')))
      await query(table.insert({ id: 'a', fileName: 'a.png', x: 1, y: 1, file }))
      await query(table.insert({ id: 'b', fileName: 'b.png', x: 1, y: 1, file: told }))
      const first = follow()
      const [a, b] = [await picture('a.png', isShown), await picture('b.png', isShown)]
      await first.interrupt()
      const changed = await draw(2)
      assert.equal(changed.length, file.length)
      await query(table.get('a').update({ file: changed }))
      await query(table.get('b').update({ x: 50 }))
      const second = follow()
      assert.equal(await second.nextLine(), 'a.png was replaced')
      const moved = await picture('b.png', ({ x }) => x === 50)
      const replaced = await picture('a.png', ({ blob }) => blob !== a.blob)
      await second.interrupt()
      assert.deepEqual([replaced.id, moved.id, moved.blob], [a.id, b.id, b.blob])
      assert.equal(moved.replacedAt, null)
      assert.equal(board.pictures.size, 2)
    })

    test('K61: what happened while the database was away is made up for', async (t) => {
      const proxy = await Proxy.open(rethinkdb.port)
      t.after(() => proxy.close())
      const { table, follow, picture, query } = await opened(t, { through: proxy })
      await query(table.insert({ id: 'a', fileName: 'a.png', file: await draw(1) }))
      const { interrupt } = follow()
      await picture('a.png', isShown)
      proxy.disconnect()
      await query(table.get('a').delete())
      await query(table.insert({ id: 'b', fileName: 'b.png', file: await draw(2) }))
      proxy.reconnect()
      await picture('b.png', isShown)
      await picture('a.png', ({ deletedAt }) => deletedAt !== null)
      assert.equal(await interrupt(), 130)
    })

    test('K62: it ends with 4 at the next change when its link is revoked', async (t) => {
      const made = await fetch(`${server.url}/api/boards`, { method: 'POST' })
      const { id, links } = (await made.json()) as { id: string; links: Link[] }
      const [own, add] = ['own', 'add'].map((role) => links.find((each) => each.role === role)!)
      const { table, follow, query } = await opened(t, { link: add! })
      const { nextLine, ended, errors } = follow()
      await query(table.insert({ id: 'a', fileName: 'a.png', file: await draw(1) }))
      assert.equal(await nextLine(), 'a.png was added')
      const headers = { authorization: `Bearer ${own!.url.split('#')[1]}` }
      const path = `${server.url}/api/boards/${id}/links/${add!.id}`
      assert.equal((await fetch(path, { method: 'DELETE', headers })).status, 204)
      await query(table.get('a').update({ x: 12, y: 5 }))
      assert.equal(await ended, 4)
      assert.match(await errors, /^[^\n]+\n$/)
    })
  })
