import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { brotliCompressSync, brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Snapshot } from '@wirephoto/board'
import { Visitor } from '../../../../test/support/visitor.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { DEFAULT_BOARD_ID, SERVER } from '../boards/boards.ts'

let server: Harness
let webRoot: string
const PAGE = '<!doctype html><meta property="og:image" content="/preview.png" />'
const SCRIPT = 'console.log("a script that is long enough to be worth packing, or nearly so")'

before(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'wirephoto-web-'))
  await mkdir(join(webRoot, 'assets'))
  await writeFile(join(webRoot, 'index.html'), PAGE)
  await writeFile(join(webRoot, 'assets/main-Ab12.js'), SCRIPT)
  await writeFile(join(webRoot, 'assets/main-Ab12.js.br'), brotliCompressSync(SCRIPT))
  await writeFile(join(webRoot, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  server = await Harness.open({ webRoot })
})
after(async () => {
  await server.close()
  await rm(webRoot, { recursive: true, force: true })
})

const snapshotAt = (headers: Record<string, string> = {}, board = DEFAULT_BOARD_ID) =>
  fetch(`${server.url}/api/boards/${board}/snapshot`, { headers })

test('boards are made under ids that nobody can guess', async () => {
  const make = async () => {
    const response = await fetch(`${server.url}/api/boards`, { method: 'POST' })
    assert.equal(response.status, 201)
    return (await response.json()) as { id: string; url: string; links: { url: string }[] }
  }
  const [one, two] = [await make(), await make()]
  assert.match(one.id, /^[\w-]{22}$/)
  assert.notEqual(one.id, two.id)
  assert.equal(one.url, `${server.url}/b/${one.id}`)
  await server.act([{ kind: 'board.patch', set: { title: 'Wall' } }], SERVER, one.id)
  const authorization = `Bearer ${one.links[0]!.url.split('#')[1]}`
  const board = await fetch(`${server.url}/api/boards/${one.id}`, { headers: { authorization } })
  assert.deepEqual(await board.json(), { id: one.id, url: one.url, title: 'Wall' })
  const unknown = await snapshotAt({}, 'nowhere')
  assert.deepEqual([unknown.status, (await errorOf(unknown)).code], [404, 'unknown-board'])
})

test('B150: addresses have the name by which one asks', async () => {
  for (const host of ['localhost', '127.0.0.1']) {
    const { port } = new URL(server.url)
    const maker = new Visitor(`http://${host}:${port}`)
    const made = await maker.makeBoard()
    const { links } = made
    const wallLink = links.find(({ role }) => role === 'add')!.id
    await maker.ask(`/api/boards/${made.id}/access`, 'PATCH', { wallLink })
    const code = await maker.ask(`/api/boards/${made.id}/join-code`)
    const { url } = (await code.json()) as { url: string }
    assert.deepEqual(
      [made.url, links[0]!.url, url].map((each) => new URL(each).host),
      Array(3).fill(`${host}:${port}`),
    )
  }
})

test('a snapshot is the whole board, packed as the reader likes, and known by its cursor', async () => {
  await server.announce('a.png')
  using held = await server.boards.hold(DEFAULT_BOARD_ID)
  const { cursor } = held.board
  const records = [...held.board.records.values()]
  const expected = { cursor, records }
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync, identity: (body: Buffer) => body }
  for (const [accepted, coding] of [
    ['gzip, deflate, br', 'br'],
    ['gzip;q=0.5, br;q=0', 'gzip'],
    ['identity', 'identity'],
  ] as const) {
    // `fetch` would unpack it.
    const request = get(`${server.url}/api/boards/${DEFAULT_BOARD_ID}/snapshot`, {
      headers: { 'accept-encoding': accepted },
    })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const body = await buffer(response)
    assert.equal(response.headers['content-encoding'] ?? 'identity', coding)
    assert.equal(response.headers['vary'], 'Accept-Encoding')
    const snapshot = JSON.parse(unpack[coding](body).toString())
    assert.deepEqual(snapshot, expected)
    assert.ok(Snapshot.safeParse(snapshot).success)
  }
  const etag = (await snapshotAt()).headers.get('etag')!
  assert.equal((await snapshotAt({ 'if-none-match': etag })).status, 304)
  await server.announce('b.png')
  const next = await snapshotAt({ 'if-none-match': etag })
  assert.equal(next.status, 200)
  assert.equal(((await next.json()) as Snapshot).records.length, records.length + 1)
})

test('F4: snapshots asked for while the board goes on are each of one cursor', async () => {
  const answers: Promise<Snapshot>[] = []
  for (let i = 0; i < 30; i++) {
    answers.push(snapshotAt().then((response) => response.json() as Promise<Snapshot>))
    await server.announce(`${i}.png`)
  }
  const seen = new Map<string, number>()
  for (const { cursor, records } of await Promise.all(answers)) {
    assert.equal(seen.get(cursor) ?? records.length, records.length)
    seen.set(cursor, records.length)
  }
  assert.ok(seen.size > 1)
})

test('the page is served fresh, its assets for good, with a policy that lets nothing else in', async () => {
  const page = PAGE.replace('/preview', `${server.url}/preview`)
  const front = await fetch(server.url)
  assert.equal(await front.text(), page, 'a preview is told by its whole address')
  const plain = await fetch(server.url, { headers: { 'accept-encoding': 'identity' } })
  assert.deepEqual([plain.headers.get('content-encoding'), await plain.text()], [null, page])
  assert.equal((await fetch(server.url, { method: 'HEAD' })).status, 200)
  assert.equal(front.headers.get('cache-control'), 'no-cache')
  assert.match(
    front.headers.get('content-security-policy')!,
    /^default-src 'none'; script-src 'self';/,
  )
  assert.match(front.headers.get('set-cookie')!, /^wirephoto_visitor_[\da-f]{8}=/)
  assert.equal((await fetch(`${server.url}/b/${DEFAULT_BOARD_ID}`)).status, 200)
  const unknown = await fetch(`${server.url}/b/nowhere`)
  assert.deepEqual([unknown.status, await unknown.text()], [404, page])

  const script = await fetch(`${server.url}/assets/main-Ab12.js`, {
    headers: { 'accept-encoding': 'br' },
  })
  assert.equal(script.headers.get('cache-control'), 'public, max-age=31536000, immutable')
  assert.equal(script.headers.get('content-encoding'), 'br')
  assert.match(script.headers.get('content-type')!, /javascript/)
  assert.equal(script.headers.get('set-cookie'), null)
  assert.equal(await script.text(), SCRIPT)
  assert.equal((await fetch(`${server.url}/icon.svg`)).headers.get('cache-control'), 'no-cache')
  for (const path of ['/assets/none.js', '/..%2f..%2fetc%2fpasswd', '/assets/', '/.env'])
    assert.ok([403, 404].includes((await fetch(server.url + path)).status), path)
})
