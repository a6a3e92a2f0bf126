import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { crc32 } from 'node:zlib'
import type {
  ArchiveAnswer,
  ChangesAnswer,
  Downloads,
  ImageRecord,
  Snapshot,
} from '@wirephoto/board'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { storePicture } from '../../support/made-pictures.ts'
import { openSocket } from '../../support/open-socket.ts'
import { blankPng } from '../../support/sample-images.ts'
import { SERVER } from '../boards/boards.ts'

const ARCHIVE = '/api/boards/main/archive.zip'
const MEGABYTE_BYTES = 1_000_000

type Options = Parameters<typeof Harness.open>[0]

async function openServer(t: TestContext, options: Options = {}): Promise<Harness> {
  const server = await Harness.open(options)
  t.after(() => server.close())
  return server
}

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

/** Reads a zip of stored files by its central directory. Checks each sum. */
function filesIn(zip: Buffer): Map<string, Buffer> {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1')
  const files = new Map<string, Buffer>()
  let at = zip.readUInt32LE(end + 16)
  for (let count = zip.readUInt16LE(end + 10); count > 0; count--) {
    const [crc, size] = [zip.readUInt32LE(at + 16), zip.readUInt32LE(at + 24)]
    const [nameLength, extraLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)]
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const header = zip.readUInt32LE(at + 42)
    const data = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28)
    const bytes = zip.subarray(data, data + size)
    assert.equal(crc32(bytes), crc, name)
    assert.ok(!files.has(name), name)
    files.set(name, bytes)
    at += 46 + nameLength + extraLength
  }
  return files
}

/** Follows to the address of the archive as the board is now. */
async function addressNow(server: Harness, query = ''): Promise<string> {
  const response = await fetch(server.url + ARCHIVE + query, { redirect: 'manual' })
  assert.equal(response.status, 302)
  return server.url + response.headers.get('location')!
}

async function plan(server: Harness, body: object): Promise<ArchiveAnswer> {
  const response = await fetch(`${server.url}/api/boards/main/archives`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  assert.equal(response.status, 201)
  return (await response.json()) as ArchiveAnswer
}

test('H21, H24, H25: all pictures of a board in one zip, byte for byte', async (t) => {
  const server = await openServer(t)
  const png = blankPng(30, 20)
  const put = async (name: string) =>
    (await (
      await fetch(`${server.url}/${encodeURIComponent(name)}`, {
        method: 'PUT',
        body: new Uint8Array(png),
      })
    ).json()) as ImageRecord
  const first = await put('Übersicht.png')
  await server.act([{ kind: 'image.patch', id: first.id, set: { by: 'Ada' } }], {
    visitor: first.author,
    role: 'server',
  })
  await put('übersicht.png')
  const trashed = await put('trashed.png')
  await server.act([{ kind: 'image.remove', id: trashed.id }])
  await server.announce('arriving.png')
  const random = randomBytes(5_000)
  await storePicture(server, { bytes: random, name: 'a.jpg', by: '../Bob' })
  const response = await fetch(server.url + ARCHIVE)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/zip')
  assert.equal(response.headers.get('content-disposition'), 'attachment; filename=Pictures.zip')
  assert.equal(response.headers.get('content-security-policy'), "sandbox; default-src 'none'")
  const zip = await bytesOf(response)
  assert.equal(Number(response.headers.get('content-length')), zip.length)
  const files = filesIn(zip)
  assert.deepEqual(
    [...files.keys()],
    ['Ada - Übersicht.png', 'übersicht.png', '_Bob - a.jpg', 'Not in this archive.txt'],
  )
  assert.ok(files.get('Ada - Übersicht.png')!.equals(png))
  assert.ok(files.get('_Bob - a.jpg')!.equals(random))
  assert.equal(
    files.get('Not in this archive.txt')!.toString(),
    'arriving.png is still on its way.\r\n',
  )
})

test('H21: a selection, in whatever order, by its own address', async (t) => {
  const server = await openServer(t)
  const ids: string[] = []
  for (const name of ['a.jpg', 'b.jpg', 'c.jpg'])
    ids.push((await storePicture(server, { bytes: randomBytes(100), name })).id)
  const chosen = [ids[2]!, ids[0]!]
  const planned = await plan(server, { ids: chosen })
  assert.deepEqual([planned.pictures, planned.absent], [2, []])
  const zip = await bytesOf(await fetch(server.url + planned.path))
  assert.equal(zip.length, planned.bytes)
  assert.deepEqual([...filesIn(zip).keys()], ['a.jpg', 'c.jpg'])
  const byGet = await addressNow(server, `?ids=${chosen.toReversed().join()}`)
  assert.equal(byGet, server.url + planned.path)
  const gone = '01890000-0000-7000-8000-000000000000'
  const { absent } = await plan(server, { ids: [gone, ids[0]] })
  assert.deepEqual(absent, [{ id: gone, name: '', why: 'gone' }])
  for (const query of ['?ids=x', '?ids=', '?at=x', '?form=tar', '?selection=x', '?other=1'])
    assert.equal((await fetch(server.url + ARCHIVE + query)).status, 400, query)
})

test('H22, H23: the archive at an address stays what it is while the board goes on', async (t) => {
  const server = await openServer(t)
  const { id } = await storePicture(server, { bytes: randomBytes(300_000), name: 'a.jpg' })
  await storePicture(server, { bytes: randomBytes(200_000), name: 'b.jpg' })
  const address = await addressNow(server)
  const before = await fetch(address)
  const etag = before.headers.get('etag')!
  const zip = await bytesOf(before)
  await storePicture(server, { bytes: randomBytes(100), name: 'new.jpg' })
  await server.act([{ kind: 'image.patch', id, set: { by: 'Renamed' } }])
  await server.act([{ kind: 'image.remove', id }])
  const head = await fetch(address, { method: 'HEAD' })
  assert.equal(head.headers.get('etag'), etag)
  assert.equal(Number(head.headers.get('content-length')), zip.length)
  assert.equal((await fetch(address, { headers: { 'if-none-match': etag } })).status, 304)
  assert.ok((await bytesOf(await fetch(address))).equals(zip))
  const now = await addressNow(server)
  assert.notEqual(now, address)
  assert.notEqual((await fetch(now, { method: 'HEAD' })).headers.get('etag'), etag)
  // A download that broke off goes on, also after a restart.
  const cut = 123_456
  await server.stop()
  await server.start()
  const moved = server.url + new URL(address).pathname + new URL(address).search
  const rest = await fetch(moved, { headers: { range: `bytes=${cut}-`, 'if-range': etag } })
  assert.equal(rest.status, 206)
  assert.equal(rest.headers.get('content-range'), `bytes ${cut}-${zip.length - 1}/${zip.length}`)
  assert.ok((await bytesOf(rest)).equals(zip.subarray(cut)))
  const other = await fetch(moved, { headers: { range: 'bytes=5-', 'if-range': '"other"' } })
  assert.equal(other.status, 200)
  const beyond = await fetch(moved, { headers: { range: `bytes=${zip.length}-` } })
  assert.equal(beyond.status, 416)
})

test('H23: random ranges of an archive are those parts of it', async (t) => {
  const server = await openServer(t)
  for (let i = 0; i < 6; i++)
    await storePicture(server, { bytes: randomBytes(randomInt(1, 90_000)), name: 'p.jpg' })
  const address = await addressNow(server)
  const zip = await bytesOf(await fetch(address))
  for (let i = 0; i < 40; i++) {
    const start = randomInt(zip.length)
    const end = Math.min(zip.length, start + randomInt(1, 60_000))
    const part = await fetch(address, { headers: { range: `bytes=${start}-${end - 1}` } })
    assert.equal(part.status, 206)
    assert.ok((await bytesOf(part)).equals(zip.subarray(start, end)), `${start}-${end}`)
  }
})

test('H22: the same state of a board makes the same archive, also where its plan is lost', async (t) => {
  const server = await openServer(t)
  const { id } = await storePicture(server, { bytes: randomBytes(1_000), name: 'a.jpg' })
  const address = await addressNow(server)
  const selected = server.url + (await plan(server, { ids: [id] })).path
  const etag = (await fetch(address)).headers.get('etag')
  const forget = () => rm(join(server.data, 'archives'), { recursive: true })
  await forget()
  await server.stop()
  await server.start()
  const again = (from: string) => server.url + from.slice(from.indexOf('/api/'))
  assert.equal((await fetch(again(address))).headers.get('etag'), etag)
  const lost = await fetch(again(selected))
  assert.equal(lost.status, 410)
  assert.equal((await errorOf(lost)).code, 'archive-gone')
  await rm(join(server.data, 'archives'), { recursive: true })
  await server.act([{ kind: 'board.patch', set: { title: 'Other' } }])
  assert.equal((await errorOf(await fetch(again(address)))).code, 'archive-gone')
})

test('H26: a picture in the trash stays in a download; one that is gone for good ends it', async (t) => {
  const server = await openServer(t)
  const { id, blob } = await storePicture(server, { bytes: randomBytes(1_000), name: 'a.jpg' })
  const address = await addressNow(server)
  // The file of a purged picture may stay for another board.
  const elsewhere = await server.boards.create()
  await storePicture(server, {
    bytes: await readFile(join(server.data, 'blobs', blob.slice(0, 2), blob)),
    name: 'same.jpg',
    board: elsewhere,
  })
  await server.act([{ kind: 'image.remove', id }])
  assert.equal((await fetch(address)).status, 200)
  await server.act([{ kind: 'image.erase', id }])
  assert.ok(await server.engine.blobs.has(blob))
  const gone = await fetch(address)
  assert.equal(gone.status, 410)
  assert.deepEqual(await errorOf(gone), {
    code: 'archive-gone',
    message: 'This download is too old, or has a picture that is gone. Save it again.',
  })
  assert.deepEqual([...filesIn(await bytesOf(await fetch(server.url + ARCHIVE))).keys()], [])
})

test('H26: a picture that goes for good while it is sent breaks the download off', async (t) => {
  const server = await openServer(t)
  await storePicture(server, { bytes: randomBytes(20 * MEGABYTE_BYTES), name: 'a.jpg' })
  const { id } = await storePicture(server, { bytes: randomBytes(1_000), name: 'b.jpg' })
  const address = await addressNow(server)
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
  const asking = get(address, resolve)
  t.after(() => asking.destroy())
  const response = await promise
  await server.act([{ kind: 'image.remove', id }])
  await server.act([{ kind: 'image.erase', id }])
  await assert.rejects(async () => {
    for await (const _ of response);
  }, /aborted/)
})

test('H27: files that are missing or cut off are left out, and told', async (t) => {
  const server = await openServer(t)
  const path = (blob: string) => join(server.data, 'blobs', blob.slice(0, 2), blob)
  const missing = await storePicture(server, { bytes: randomBytes(1_000), name: 'missing.jpg' })
  const cut = await storePicture(server, { bytes: randomBytes(1_000), name: 'cut.jpg' })
  await storePicture(server, { bytes: randomBytes(1_000), name: 'sound.jpg' })
  await rm(path(missing.blob))
  await truncate(path(cut.blob), 500)
  const planned = await plan(server, {})
  assert.equal(planned.pictures, 1)
  assert.deepEqual(
    planned.absent.map(({ id, why }) => [id, why]),
    [
      [missing.id, 'damaged'],
      [cut.id, 'damaged'],
    ],
  )
  const files = filesIn(await bytesOf(await fetch(server.url + planned.path)))
  assert.deepEqual([...files.keys()], ['sound.jpg', 'Not in this archive.txt'])
  assert.equal(
    files.get('Not in this archive.txt')!.toString(),
    "missing.jpg can't be read on the server.\r\ncut.jpg can't be read on the server.\r\n",
  )
})

test('H27, C18: no byte that was not stored is sent whole: a rotten file ends the download', async (t) => {
  const server = await openServer(t)
  const bytes = randomBytes(1_000)
  const { blob } = await storePicture(server, { bytes, name: 'rotten.jpg' })
  await storePicture(server, { bytes: randomBytes(1_000), name: 'sound.jpg' })
  const address = await addressNow(server)
  const rotten = Buffer.from(bytes)
  rotten[500]! ^= 1
  await writeFile(join(server.data, 'blobs', blob.slice(0, 2), blob), rotten)
  const broken = await fetch(address)
  assert.equal((await errorOf(broken)).code, 'archive-gone')
  const files = filesIn(await bytesOf(await fetch(server.url + ARCHIVE)))
  assert.deepEqual([...files.keys()], ['sound.jpg', 'Not in this archive.txt'])
})

test('H28: the sum of a file is kept as it is stored; one of before is computed once', async (t) => {
  const server = await openServer(t)
  const { checksums } = server.images
  const png = blankPng(30, 20)
  const put = await fetch(`${server.url}/a.png`, { method: 'PUT', body: new Uint8Array(png) })
  const { blob } = (await put.json()) as ImageRecord
  const bytes = randomBytes(1_000)
  const older = await storePicture(server, { bytes, name: 'older.jpg' })
  const both = new Set([blob!, older.blob])
  assert.deepEqual([...(await checksums.find(both))], [[blob, crc32(png)]])
  await (await fetch(server.url + ARCHIVE)).arrayBuffer()
  assert.equal((await checksums.find(both)).get(older.blob), crc32(bytes))
})

test('H29: a plan is forgotten after its time, and the oldest where all take too much', async (t) => {
  const server = await openServer(t, { bounds: { 'archive-age': 1 } })
  await storePicture(server, { bytes: randomBytes(100), name: 'a.jpg' })
  const address = await addressNow(server)
  await server.act([{ kind: 'board.patch', set: { title: 'Other' } }])
  await setTimeout(1_100)
  assert.equal((await fetch(address)).status, 410)
  await server.restart({ bounds: { 'archive-plans': 1 } })
  const first = await addressNow(server)
  await server.act([{ kind: 'board.patch', set: { title: 'Third' } }])
  assert.equal((await fetch(first)).status, 410)
})

test('H30: so many archives are read at once; the party with most gives way', async (t) => {
  const server = await openServer(t, { bounds: { archives: 2 } })
  await storePicture(server, { bytes: randomBytes(20 * MEGABYTE_BYTES), name: 'a.jpg' })
  const address = await addressNow(server)
  const ask = async (token: string): Promise<IncomingMessage> => {
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
    const request = get(
      address,
      { headers: { authorization: `Bearer ${token}` }, agent: false },
      resolve,
    )
    request.on('error', () => {})
    t.after(() => request.destroy())
    return promise
  }
  const [anna, bert] = ['a'.repeat(22), 'b'.repeat(22)]
  const first = await ask(anna)
  const second = await ask(anna)
  assert.deepEqual([first.statusCode, second.statusCode], [200, 200])
  assert.equal((await ask(anna)).statusCode, 503)
  const isCutOff = async (response: IncomingMessage) => {
    await assert.rejects(async () => {
      for await (const _ of response);
    }, /aborted/)
  }
  const oneIsCutOff = Promise.any([isCutOff(first), isCutOff(second)])
  assert.equal((await ask(bert)).statusCode, 200)
  await oneIsCutOff
})

test('H24, H30: 200 MB come as they were stored, with flat memory', async (t) => {
  const server = await openServer(t)
  const block = randomBytes(50 * MEGABYTE_BYTES)
  const names = ['0.jpg', '1.jpg', '2.jpg', '3.jpg']
  for (const [i, name] of names.entries()) {
    block.writeUInt32LE(i)
    await storePicture(server, { bytes: block, name })
  }
  const { bytes, path } = await plan(server, {})
  assert.ok(bytes > 200 * MEGABYTE_BYTES)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const response = await fetch(server.url + path)
  const zip = Buffer.alloc(bytes)
  collect()
  const before = process.memoryUsage().arrayBuffers
  let received = 0
  for await (const chunk of response.body!) {
    zip.set(chunk, received)
    const isTime = Math.floor((received + chunk.length) / 2e7) > Math.floor(received / 2e7)
    received += chunk.length
    if (!isTime) continue
    // The second one waits until the memory of the first is swept.
    collect()
    collect()
    const more = process.memoryUsage().arrayBuffers - before
    assert.ok(more < 40 * MEGABYTE_BYTES, `${more} bytes of buffers`)
  }
  assert.equal(received, bytes)
  const files = filesIn(zip)
  assert.deepEqual([...files.keys()], names)
  for (const [i, content] of [...files.values()].entries()) {
    block.writeUInt32LE(i)
    assert.ok(content.equals(block))
  }
})

test('H31, H32: a folder that opens without a server, whatever names and captions it has', async (t) => {
  const server = await openServer(t)
  const hostile = `<img src=x onerror=alert(1)>"'&`
  const { id } = await storePicture(server, {
    bytes: randomBytes(100),
    name: `${hostile}.jpg`,
    by: hostile,
  })
  await server.act([
    { kind: 'image.patch', id, set: { caption: hostile, x: 12, y: -34, w: 56 } },
    { kind: 'board.patch', set: { title: hostile } },
  ])
  const planned = await plan(server, { form: 'folder' })
  const response = await fetch(server.url + planned.path)
  const zip = await bytesOf(response)
  const files = filesIn(zip)
  const [page, board, picture] = [...files.keys()]
  assert.deepEqual([page, board], ['index.html', 'board.json'])
  const html = files.get('index.html')!.toString()
  assert.ok(!html.includes('<img src=x'))
  assert.doesNotMatch(html, /<script|https?:/)
  assert.doesNotMatch(html.replaceAll(/"[^"]*"/g, '""'), /<[^>]*\son\w+=/)
  assert.match(
    html,
    /http-equiv="content-security-policy" content="default-src 'none'; img-src 'self' file:;/,
  )
  assert.ok(html.includes(`src="${picture!.split('/').map(encodeURIComponent).join('/')}"`))
  const { title, pictures } = JSON.parse(files.get('board.json')!.toString()) as {
    title: string
    pictures: Record<string, unknown>[]
  }
  assert.equal(title, hostile)
  const { file, caption, by, x, y, w } = pictures[0]!
  assert.deepEqual([file, caption, by, x, y, w], [picture, hostile, hostile, 12, -34, 56])
  const path = join(server.data, 'folder.zip')
  await writeFile(path, zip)
  const isThere = (program: string) => {
    try {
      execFileSync('which', [program])
      return true
    } catch {
      return false
    }
  }
  if (isThere('unzip')) execFileSync('unzip', ['-tqq', path])
})

test('H38: a download is told to the pages of who asks, and where it breaks off', async (t) => {
  const server = await openServer(t)
  await storePicture(server, { bytes: randomBytes(20 * MEGABYTE_BYTES), name: 'a.jpg' })
  const { path, bytes } = await plan(server, {})
  const [token, other] = ['a'.repeat(22), 'b'.repeat(22)]
  const told: Downloads[] = []
  const foreign: Downloads[] = []
  const states = new EventEmitter()
  for (const [who, list] of [
    [token, told],
    [other, foreign],
  ] as const) {
    const socket = await openSocket(server.url, 'main', { token: who })
    assert.ok(typeof socket !== 'string')
    t.after(() => socket.close())
    socket.on('downloads', (text: string) => {
      const news = JSON.parse(text) as Downloads
      list.push(news)
      states.emit(Object.values(news)[0]!.state)
    })
  }
  const address = `${server.url}${path}&download=mine-1234`
  const headers = { authorization: `Bearer ${token}` }
  const sent = once(states, 'sent')
  await (await fetch(address, { headers })).arrayBuffer()
  await sent
  assert.deepEqual(told.at(-1), { 'mine-1234': { sent: bytes, total: bytes, state: 'sent' } })
  assert.equal(told[0]!['mine-1234']!.state, 'sending')
  const broken = once(states, 'broken')
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
  const request = get(address, { headers, agent: false }, resolve)
  request.on('error', () => {})
  ;(await promise).destroy()
  await broken
  const { sent: some } = told.at(-1)!['mine-1234']!
  assert.ok(some > 0 && some < bytes)
  const goesOn = once(states, 'sent')
  await (await fetch(address, { headers: { ...headers, range: `bytes=${some}-` } })).arrayBuffer()
  await goesOn
  assert.deepEqual(foreign, [])
  assert.equal((await fetch(`${server.url}${path}&download=a`)).status, 400)
})

test('H40: who asks for changes is told their own downloads, and how these ended', async (t) => {
  const server = await openServer(t)
  await storePicture(server, { bytes: randomBytes(20 * MEGABYTE_BYTES), name: 'a.jpg' })
  const { path, bytes } = await plan(server, {})
  const snapshot = await fetch(`${server.url}/api/boards/main/snapshot`)
  const { cursor } = (await snapshot.json()) as Snapshot
  const changes = `${server.url}/b/main/changes?after=${encodeURIComponent(cursor)}`
  const headersOf = (who: string) => ({ authorization: `Bearer ${who.repeat(22)}` })
  const downloads = async (who: string, query = '') => {
    const response = await fetch(changes + query, { headers: headersOf(who) })
    assert.equal(response.status, 200)
    return ((await response.json()) as ChangesAnswer).downloads
  }
  assert.equal(await downloads('a', '&wait=0'), undefined)
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
  get(`${server.url}${path}&download=mine-1234`, { headers: headersOf('a'), agent: false }, resolve)
  const download = await promise
  const held = (await downloads('a'))!['mine-1234']!
  assert.equal(held.state, 'sending')
  assert.equal(held.total, bytes)
  assert.ok(held.sent < bytes)
  assert.equal(await downloads('b', '&wait=0'), undefined)
  download.resume()
  await once(download, 'end')
  let told = held
  while (told.state === 'sending') told = (await downloads('a'))!['mine-1234']!
  assert.deepEqual(told, { sent: bytes, total: bytes, state: 'sent' })
})

test('H31: the archive is named after the board', async (t) => {
  const server = await openServer(t)
  await server.act([{ kind: 'board.patch', set: { title: 'Müller / Schmidt' } }], SERVER)
  const response = await fetch(server.url + ARCHIVE)
  assert.equal(
    response.headers.get('content-disposition'),
    `attachment; filename="M?ller - Schmidt.zip"; filename*=UTF-8''M%C3%BCller%20-%20Schmidt.zip`,
  )
})
