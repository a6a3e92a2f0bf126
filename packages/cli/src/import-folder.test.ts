import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { crc32, deflateRawSync } from 'node:zlib'
import { type CommandAnswer, type ImageRecord, uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { openSavedFiles } from './commands/saved-folder.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))

let server: InProcessServer
before(async () => {
  server = await InProcessServer.open()
})
after(() => server.close())

/** Runs `wirephoto import` onto a board, or a new one, to its end. */
function run(source: string, board?: string): Promise<{ out: string; err: string; code: number }> {
  const { WIREPHOTO_TO: _, ...env } = process.env
  const args = [BIN, 'import', source, '--to', server.url, ...(board ? ['--board', board] : [])]
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env }, (_error, out, err) =>
      resolve({ out, err, code: child.exitCode ?? -1 }),
    )
  })
}

async function tempFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-import-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

async function filled(t: TestContext, files: Record<string, string | Buffer>): Promise<string> {
  const folder = await tempFolder(t)
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}

const draw = (red: number): Promise<Buffer> =>
  sharp({ create: { width: 20, height: 10, channels: 3, background: { r: red, g: 9, b: 99 } } })
    .png()
    .toBuffer()

async function picturesOn(board: string): Promise<ImageRecord[]> {
  const response = await fetch(`${server.url}/api/boards/${board}/snapshot`)
  const { records } = (await response.json()) as { records: ImageRecord[] }
  return records.filter(({ kind }) => kind === 'image').sort((a, b) => (a.z < b.z ? -1 : 1))
}

interface ZipMember {
  readonly name: string
  readonly content: Buffer
  /** The length that the zip says, where that is another. */
  readonly size?: number
}

/** Makes a zip of packed files, whatever they are called. */
function zipOf(members: readonly ZipMember[]): Buffer {
  const parts: Buffer[] = []
  const records: Buffer[] = []
  let offset = 0
  for (const { name, content, size = content.length } of members) {
    const packed = deflateRawSync(content)
    const path = Buffer.from(name)
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(0x0800, 2)
    facts.writeUInt16LE(8, 4)
    facts.writeUInt32LE(crc32(content), 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(size, 18)
    facts.writeUInt16LE(path.length, 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    records.push(Buffer.from('PK\x01\x02\x14\0', 'latin1'), facts, place, path)
    const header = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), facts, path, packed])
    parts.push(header)
    offset += header.length
  }
  const directory = Buffer.concat(records)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, directory, end])
}

test('H33: a board that was saved as a folder comes back with places, captions and names', async (t) => {
  const from = await server.newBoard()
  const caption = `${'Ünïcode "quoted" '.repeat(100)}\nsecond line`
  const put = async (red: number, name: string, x: number) => {
    const address = `${server.url}/b/${from}/${encodeURIComponent(name)}?x=${x}&y=7&w=30&by=Ada`
    const response = await fetch(address, { method: 'PUT', body: new Uint8Array(await draw(red)) })
    assert.equal(response.status, 201)
    return (await response.json()) as ImageRecord
  }
  const { id } = await put(1, 'one "1".png', 11)
  await put(2, 'two.png', 22)
  const patched = await fetch(`${server.url}/api/boards/${from}/images/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ caption }),
  })
  assert.equal(patched.status, 200)
  const saved = await fetch(`${server.url}/api/boards/${from}/archive.zip?form=folder`)
  const zip = join(await tempFolder(t), 'board.zip')
  await writeFile(zip, new Uint8Array(await saved.arrayBuffer()))
  const facts = (all: readonly ImageRecord[]) =>
    all.map(({ name, blob, x, y, w, caption: text, by }) => ({ name, blob, x, y, w, text, by }))
  const to = await server.newBoard()
  const { out, err, code } = await run(zip, to)
  assert.deepEqual([err, code], ['', 0])
  assert.equal(out, `2 copied to ${server.url}/b/${to}, 0 were there already, 0 left\n`)
  assert.deepEqual(facts(await picturesOn(to)), facts(await picturesOn(from)))
  assert.equal((await picturesOn(to))[0]!.caption, caption)
  assert.match((await run(zip, to)).out, /^0 copied .* 2 were there already, 0 left\n$/)
})

test('H41: without --board a saved board comes back as a new one, and is saved again as it was', async (t) => {
  const from = await server.newBoard()
  const title = 'Süd & Nord "24"'
  const put = async (name: string, x: number, body: Buffer | string) => {
    const address = `${server.url}/b/${from}/${encodeURIComponent(name)}?x=${x}.25&y=-7&w=30.5&by=Ada`
    const response = await fetch(address, {
      method: 'PUT',
      body: new Uint8Array(Buffer.from(body)),
    })
    assert.equal(response.status, 201)
    return (await response.json()) as ImageRecord
  }
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="40" height="30"/></svg>'
  const first = await put('one.png', 11, await draw(1))
  await put('plan.svg', 22, svg)
  await put('three.png', 33, await draw(3))
  const caption = 'Erste Zeile\nsecond line'
  const commands = [
    // The oldest lies on top.
    { kind: 'image.patch', id: first.id, set: { caption, z: 'a9' } },
    { kind: 'board.patch', set: { title } },
  ]
  const changed = await fetch(`${server.url}/b/${from}/commands`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${server.newOwner(from)}`,
    },
    body: JSON.stringify({ client: uuidv7(Date.now(), randomBytes(10)), n: 1, commands }),
  })
  assert.deepEqual(((await changed.json()) as CommandAnswer).refused, [])
  const folder = await tempFolder(t)
  const save = async (board: string, name: string, token?: string) => {
    const response = await fetch(`${server.url}/api/boards/${board}/archive.zip?form=folder`, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
    })
    assert.equal(response.status, 200)
    const zip = join(folder, name)
    await writeFile(zip, new Uint8Array(await response.arrayBuffer()))
    await using files = await openSavedFiles(zip)
    const read = async (path: string) => (await files.read(path)) as Buffer
    const json = JSON.parse((await read('board.json')).toString()) as {
      title: string
      pictures: Record<string, unknown>[]
    }
    for (const picture of json.pictures) delete picture['createdAt']
    const paths = files.paths.filter((path) => path !== 'index.html' && path !== 'board.json')
    const contents = await Promise.all(paths.map(async (path) => [path, await read(path)]))
    return { json, contents }
  }
  const before = await save(from, 'first.zip')
  const { out, err, code } = await run(join(folder, 'first.zip'))
  assert.deepEqual([err, code], ['', 0])
  const [, to, token] = /^A new board\. Its owner link: \S+\/b\/([\w-]+)#([\w-]+)\n/.exec(out) ?? []
  assert.ok(to && token, out)
  assert.ok(out.endsWith(`3 copied to ${server.url}/b/${to}, 0 were there already, 0 left\n`), out)
  const after = await save(to, 'second.zip', token)
  assert.deepEqual(after, before)
  assert.equal(after.json.title, title)
  const stranger = await fetch(`${server.url}/api/boards/${to}`)
  assert.equal(stranger.status, 401, 'it is private')
})

test('H41: a folder that no board was saved as becomes a board of its own name', async (t) => {
  const folder = await filled(t, { 'Holiday/a.png': await draw(1) })
  const { out } = await run(join(folder, 'Holiday'))
  const [, to, token] = /#/.test(out) ? /\/b\/([\w-]+)#([\w-]+)\n/.exec(out)! : []
  const headers = { authorization: `Bearer ${token}` }
  const board = await fetch(`${server.url}/api/boards/${to}`, { headers })
  assert.equal(((await board.json()) as { title: string }).title, 'Holiday')
})

test('H33: a folder of pictures, and a zip of one, come under their names', async (t) => {
  const [one, two] = [await draw(1), await draw(2)]
  const folder = await filled(t, {
    'a.png': one,
    'deep/b.png': two,
    'notes.txt': 'no picture',
    '.DS_Store': 'x',
    '__MACOSX/a.png': 'x',
    'Not in this archive.txt': 'x',
  })
  const board = await server.newBoard()
  const { out, code } = await run(folder, board)
  assert.equal(
    out,
    `Left notes.txt: notes.txt is a text. Only pictures can be added.\n2 copied to ${server.url}/b/${board}, 0 were there already, 1 left\n`,
  )
  assert.equal(code, 1)
  assert.deepEqual(
    (await picturesOn(board)).map(({ name }) => name),
    ['a.png', 'b.png'],
  )
  const zip = join(folder, 'all.zip')
  await writeFile(
    zip,
    zipOf([
      { name: 'a.png', content: one },
      { name: 'x/c.png', content: two },
    ]),
  )
  const other = await server.newBoard()
  assert.match((await run(zip, other)).out, /^2 copied/)
})

test('H34: nothing outside of a folder or a zip is read, and a broken one is refused in a sentence', async (t) => {
  const png = await draw(1)
  const picture = { name: 'a.png', caption: '', by: '', x: 0, y: 0, w: 10 }
  const boardJson = (files: readonly string[], more: object = {}) =>
    Buffer.from(
      JSON.stringify({
        format: 'wirephoto-board',
        version: 1,
        title: '',
        pictures: files.map((file) => ({ ...picture, file })),
        ...more,
      }),
    )
  const outside = await filled(t, { 'secret.png': png })
  const folder = await filled(t, {
    'board.json': boardJson(['../secret.png', '/etc/hostname', 'link.png', 'none.png', 'a.png']),
    'a.png': png,
  })
  await symlink(join(outside, 'secret.png'), join(folder, 'link.png'))
  const board = await server.newBoard()
  const { out } = await run(folder, board)
  assert.equal(
    out,
    `Left ../secret.png: it is not there
Left /etc/hostname: it is not there
Left link.png: it lies outside of the folder
Left none.png: it is not there
1 copied to ${server.url}/b/${board}, 0 were there already, 4 left
`,
  )
  const place = await tempFolder(t)
  const zipped = async (name: string, content: Buffer) => {
    await writeFile(join(place, name), content)
    return join(place, name)
  }
  const whole = zipOf([{ name: 'a.png', content: png }])
  const hostile = [
    '../../../tmp/escaped.png',
    '/etc/a.png',
    'C:/a.png',
    'x/../../a.png',
    '..\\a.png',
  ]
  const bomb = zipOf(
    Array.from({ length: 5 }, (_, i) => ({ name: `${i}.png`, content: Buffer.alloc(60_000_000) })),
  )
  const liar = zipOf([{ name: 'a.png', content: Buffer.alloc(1_000_000), size: 10 }])
  const rotten = Buffer.from(whole)
  rotten.writeUInt32LE(1, whole.indexOf('PK\x01\x02', 0, 'latin1') + 16)
  const escaping = await Promise.all(
    hostile.map(
      async (name, i): Promise<[string, RegExp]> => [
        await zipped(`hostile-${i}.zip`, zipOf([{ name, content: png }])),
        /names files outside of itself; give another zip/,
      ],
    ),
  )
  const cases: [string, RegExp][] = [
    ...escaping,
    [await zipped('cut.zip', whole.subarray(0, -30)), /is no whole zip; download it again/],
    [await zipped('noise.zip', randomBytes(500)), /is no whole zip/],
    [await zipped('empty.zip', Buffer.alloc(0)), /is no whole zip/],
    [await zipped('bomb.zip', bomb), /unpacks to more than pictures do; give another zip/],
    [join(place, 'none'), /^There is nothing at .*none; give a folder, a zip, or rethinkdb/],
    [await filled(t, { 'board.json': '{' }), /^board\.json in .* says nothing that this version/],
    [await filled(t, { 'board.json': boardJson([], { version: 2 }) }), /^board\.json in /],
    [await filled(t, { 'board.json': boardJson([], { pictures: [{}] }) }), /^board\.json in /],
  ]
  for (const [source, sentence] of cases) {
    const { out: said, err, code } = await run(source, board)
    assert.deepEqual([source, said, code], [source, '', 2])
    assert.match(err, sentence)
    assert.match(err, /^[^\n]+\.\n$/)
  }
  for (const content of [liar, rotten]) {
    const { out: said } = await run(await zipped('liar.zip', content), board)
    assert.match(said, /^Left a\.png: it is damaged in the zip\n0 copied/)
  }
})
