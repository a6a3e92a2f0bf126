import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { r } from 'rethinkdb-ts'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { NO_RETHINKDB, Rethinkdb } from '../../../test/support/rethinkdb.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))

interface Outcome {
  readonly out: string
  readonly err: string
  readonly code: number
}

/** `wirephoto import`, to its end. */
function run(...args: string[]): Promise<Outcome> {
  const { WIREPHOTO_TO: _, ...env } = process.env
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [BIN, 'import', ...args],
      { env },
      (_error, out, err) => resolve({ out, err, code: child.exitCode ?? -1 }),
    )
  })
}

test('K8 what the operator can mend is one sentence, and exit code 2', async (t) => {
  const other = createServer((_request, response) => response.writeHead(404).end('no'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  t.after(() => other.close())
  const server = await InProcessServer.open()
  t.after(() => server.close())
  const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  const table = 'rethinkdb://127.0.0.1:1/app/photos'
  const made = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id: closed, links } = (await made.json()) as { id: string; links: { url: string }[] }
  const cases: [string[], RegExp][] = [
    [[], /^Missing required argument 'source'; see wirephoto import --help/],
    [[table, '--to', 'localhost'], /^"localhost" won't do; give --to one as http/],
    [[table, '--board', 'a b'], /^"a b" is no board/],
    [
      [table, '--to', 'http://127.0.0.1:1'],
      /^There is no server at http:\/\/127\.0\.0\.1:1; start/,
    ],
    [[table, '--to', elsewhere], /is no Wirephoto server; give another with --to/],
    [[table, '--to', server.url, '--board', 'none'], /has no board none for you; give another/],
    [[table, '--token', 'short'], /^--token takes what stands after #/],
    [[table, '--to', server.url, '--board', closed], /opens by a link; give .* --token/],
    [
      [table, '--to', server.url, '--board', closed, '--token', links[2]!.url],
      /^There is no RethinkDB to be had/,
    ],
    [['rethinkdb://127.0.0.1:1/app', '--to', server.url], /is no table; give rethinkdb:\/\/user/],
    [[table, '--to', server.url], /^There is no RethinkDB to be had at 127\.0\.0\.1:1 \(ECONN/],
  ]
  for (const [args, sentence] of cases) {
    const { out, err, code } = await run(...args)
    assert.deepEqual([args, out, code], [args, '', 2])
    assert.match(err, sentence)
    assert.match(err, /^[^\n]+\.\n$/)
  }
})

if (NO_RETHINKDB !== null) test('K8 from a RethinkDB', { skip: NO_RETHINKDB })
else
  describe('from a RethinkDB', () => {
    const rethinkdb = new Rethinkdb()
    let server: InProcessServer
    before(async () => {
      server = await InProcessServer.open()
    })
    after(async () => {
      await server.close()
      await rethinkdb.close()
    })

    /** The address of a new table with these documents. */
    async function tableOf(name: string, documents: readonly object[]): Promise<string> {
      const url = rethinkdb.newDatabase()
      const database = new URL(url).pathname.slice(1)
      await rethinkdb.query(r.dbCreate(database))
      await rethinkdb.query(r.db(database).tableCreate(name))
      await rethinkdb.query(r.db(database).table(name).insert(documents))
      return `${url}/${name}`
    }

    async function pictures(board: string): Promise<Record<string, unknown>[]> {
      const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
      const { records } = (await response.json()) as { records: Record<string, unknown>[] }
      return records.filter(({ kind }) => kind === 'image')
    }

    const draw = (red: number, format: 'png' | 'jpeg' = 'png') =>
      sharp({ create: { width: 20, height: 10, channels: 3, background: { r: red, g: 9, b: 99 } } })
        .toFormat(format)
        .toBuffer()
    const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

    test("K8 the first tutorial's images are copied, as many as there are, and once", async () => {
      const [one, two] = [await draw(1), await draw(2, 'jpeg')]
      const twice = { fileName: 'Ä/one two.png', type: 'image/png', file: one }
      const table = await tableOf('images', [
        twice,
        twice,
        { fileName: 'two.jpg', type: 'image/jpeg', file: two },
      ])
      const board = await server.newBoard()
      const args = [table, '--to', server.url, '--board', board]
      const first = await run(...args)
      const to = `copied to ${server.url}/b/${board}`
      assert.deepEqual(first, { out: `3 ${to}, 0 were there already, 0 left\n`, err: '', code: 0 })
      const found = (await pictures(board)).map(({ name, blob }) => `${name} ${blob}`).sort()
      assert.deepEqual(found, [
        `one two.png ${sha256(one)}`,
        `one two.png ${sha256(one)}`,
        `two.jpg ${sha256(two)}`,
      ])
      const again = await run(...args)
      assert.equal(again.out, `0 ${to}, 3 were there already, 0 left\n`)
      assert.equal((await pictures(board)).length, 3)
      // A picture that was trashed here stays in the trash.
      const [gone] = await pictures(board)
      await fetch(`${server.url}/api/boards/${board}/images/${gone!['id']}`, { method: 'DELETE' })
      assert.match((await run(...args)).out, /^0 copied .* 3 were there/)
    })

    test("K8 K32 the second's photos keep their places; what can't be copied is named", async () => {
      const picture = await draw(3)
      const [facts, place] = [
        { type: 'image/png', author: '17' },
        { x: 40, y: 25 },
      ]
      const table = await tableOf('photos', [
        { id: 'a', fileName: 'a.png', ...facts, ...place, file: picture },
        { id: 'b', fileName: 'placeholder.png', ...facts, ...place },
        {
          id: 'c',
          fileName: 'c.txt',
          ...facts,
          x: 'left',
          y: 1e99,
          file: Buffer.from('no picture'),
        },
        { id: 'd', ...facts, file: `data:image/png;base64,${picture.toString('base64')}` },
      ])
      const board = await server.newBoard()
      const { out, err, code } = await run(table, '--to', server.url, '--board', board)
      assert.deepEqual(out.split('\n'), [
        'Left b: it has no picture',
        'Left c: c.txt is a text. Only pictures can be added.',
        `2 copied to ${server.url}/b/${board}, 0 were there already, 2 left`,
        '',
      ])
      assert.deepEqual([err, code], ['', 1])
      const found = await pictures(board)
      assert.deepEqual(found.map(({ name }) => String(name)).sort(), ['a.png', 'd'])
      const { x, y } = found.find(({ name }) => name === 'a.png')!
      assert.deepEqual({ x, y }, place)
    })

    test('K8 a table that is not there', async () => {
      const table = await tableOf('images', [])
      const { err, code } = await run(table.replace(/images$/, 'none'), '--to', server.url)
      assert.match(
        err,
        /^RethinkDB at \S+ has no table none in wirephoto_test_\w+; check the URL\.\n/,
      )
      assert.equal(code, 2)
      const empty = await run(table, '--to', server.url)
      assert.match(empty.out, /^0 copied to /)
    })
  })
