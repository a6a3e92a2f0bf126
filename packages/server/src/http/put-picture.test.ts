import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type CommandAnswer, type ImageRecord, type Role, uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { GARBAGE_COLLECTION_TIMES } from '../images/garbage-collector.ts'

let server: Harness
const colours = ['#336699', '#993366', '#669933'] as const
const files: Buffer<ArrayBuffer>[] = []
before(async () => {
  server = await Harness.open({ bounds: { 'purge-grace': 1 } })
  for (const background of colours)
    files.push(
      Buffer.from(
        await sharp({ create: { width: 400, height: 300, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    )
})
after(() => server.close())

const newId = () => uuidv7(Date.now(), randomBytes(10))
const etagOf = ({ blob }: ImageRecord) => `"${blob}"`
const at = (id: string) => `${server.url}/api/boards/main/images/${id}`
const put = (id: string, file: number, headers: Record<string, string> = {}, query = '') =>
  fetch(at(id) + query, { method: 'PUT', body: files[file]!, headers: { ...anna, ...headers } })
const anna = { authorization: `Bearer ${'a'.repeat(22)}` }

async function stored(response: Response, status: number): Promise<ImageRecord> {
  assert.equal(response.status, status)
  const record = (await response.json()) as ImageRecord
  assert.equal(response.headers.get('etag'), etagOf(record))
  return record
}

async function removeEnded(): Promise<void> {
  const { engine, boards, images } = server
  await newCollector({ engine, boards, images }).removeEnded(GARBAGE_COLLECTION_TIMES)
}

/** Gives one command, of a queue that has no other. */
async function command(
  one: object,
  headers: Record<string, string> = anna,
): Promise<string | null> {
  const response = await fetch(`${server.url}/b/main/commands`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ client: newId(), n: 1, commands: [one] }),
  })
  const { refused } = (await response.json()) as CommandAnswer
  return refused[0]?.error.code ?? null
}

test('H68: a picture is added under the id of its sender, and the same bytes are answered as before', async () => {
  const id = newId()
  const added = await put(id, 0, {}, '?name=loss.png&x=10&y=20&caption=Loss')
  assert.equal(added.headers.get('location'), `/api/boards/main/images/${id}`)
  const record = await stored(added, 201)
  assert.deepEqual([record.id, record.name, record.x, record.caption], [id, 'loss.png', 10, 'Loss'])
  const again = await stored(await put(id, 0), 200)
  assert.deepEqual(
    [again.blob, again.storedAt, again.replacedAt],
    [record.blob, record.storedAt, null],
  )
  const query = '?name=loss.png&x=10&y=20&caption=Loss'
  await stored(await put(id, 0, {}, query), 200)
  await stored(await put(id, 0, { 'if-none-match': '*' }, query), 200)
  assert.equal((await errorOf(await put(id, 1, {}, query))).code, 'etag-needed')
  for (const wrong of ['loss', id.toUpperCase(), newId().replace('-7', '-4')])
    assert.equal((await errorOf(await put(wrong, 0))).code, 'bad-request', wrong)
})

test('H69: by its ETag a file takes the place of another, and the picture stays', async () => {
  const id = newId()
  const before = await stored(await put(id, 0, {}, '?name=loss.png&x=10&y=20&caption=Loss'), 201)
  using held = await server.boards.hold('main')
  const told: ImageRecord[] = []
  held.board.listen((batch) => {
    for (const change of batch?.changes ?? [])
      if ('put' in change && change.put.kind === 'image') told.push(change.put)
  })
  const after = await stored(await put(id, 1, { 'if-match': etagOf(before) }), 200)
  assert.notEqual(after.blob, before.blob)
  const kept = ({ x, y, w, z, name, caption, author, createdAt }: ImageRecord) =>
    ({ x, y, w, z, name, caption, author, createdAt }) // biome-ignore format: a list
  assert.deepEqual(kept(after), kept(before))
  assert.ok(after.replacedAt !== null && after.storedAt === after.replacedAt)
  assert.ok(
    told.some(({ blob }) => blob === after.blob),
    'everybody is told',
  )
  const file = await fetch(`${at(id)}/file`)
  assert.equal(file.headers.get('etag'), etagOf(after))
  assert.equal((await file.arrayBuffer()).byteLength, after.bytes)
  await stored(await put(id, 2, { 'if-match': '*' }), 200)
  assert.equal((await errorOf(await put(id, 0, { 'if-match': '*' }, '?x=1'))).code, 'unknown-field')
})

test('H70: other bytes without the ETag of the file that is there change nothing', async () => {
  const id = newId()
  assert.equal((await errorOf(await put(newId(), 0, { 'if-match': '*' }))).code, 'wrong-etag')
  const first = await stored(await put(id, 0, { 'if-none-match': '*' }), 201)
  await stored(await put(id, 0, { 'if-none-match': '*' }), 200)
  const tries = [
    [{}, 409, 'etag-needed'],
    [{ 'if-none-match': '*' }, 412, 'wrong-etag'],
    [{ 'if-match': '"another"' }, 412, 'wrong-etag'],
    [{ 'if-match': `W/${etagOf(first)}` }, 412, 'wrong-etag'],
  ] as const
  for (const [headers, status, code] of tries) {
    const response = await put(id, 1, headers)
    assert.equal(response.status, status)
    assert.equal(response.headers.get('etag'), etagOf(first))
    assert.equal((await errorOf(response)).code, code)
  }
  assert.equal((await server.record(id))!.blob, first.blob)
  const both = await Promise.all([1, 2].map((file) => put(id, file, { 'if-match': etagOf(first) })))
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 412],
  )
  await Promise.all(both.map((each) => each.text()))
})

test('H71: who may change a picture may give it another file, and nobody else', async () => {
  const board = await server.boards.create()
  await server.access.rules.change(board)
  const links = await server.access.links.makeAll(board)
  const by = (role: Role) => ({
    authorization: `Bearer ${links.find((each) => each.role === role)!.secret}`,
  })
  const path = `${server.url}/api/boards/${board}/images/${newId()}`
  const send = (role: Role, file: number) =>
    fetch(path, {
      method: 'PUT',
      body: files[file]!,
      headers: { ...by(role), 'if-match': '*' },
    })
  const add = await fetch(path, { method: 'PUT', body: files[0]!, headers: by('edit') })
  const record = await stored(add, 201)
  for (const role of ['view', 'add'] as const) {
    assert.equal((await errorOf(await send(role, 1))).code, 'not-allowed', role)
    const revert = { kind: 'image.revert', id: record.id, blob: record.blob }
    const answer = await fetch(`${server.url}/b/${board}/commands`, {
      method: 'POST',
      headers: { ...by(role), 'content-type': 'application/json' },
      body: JSON.stringify({ client: newId(), n: 1, commands: [revert] }),
    })
    const { refused } = (await answer.json()) as CommandAnswer
    assert.equal(refused[0]?.error.code, 'not-allowed', role)
  }
  await stored(await send('own', 1), 200)
})

test('H72: the file before is kept, a command puts it back, and another one the later file', async () => {
  const id = newId()
  const first = await stored(await put(id, 0), 201)
  const second = await stored(await put(id, 1, { 'if-match': etagOf(first) }), 200)
  await removeEnded()
  const revert = (blob: string | null) => command({ kind: 'image.revert', id, blob })
  assert.equal(await revert(first.blob), 'wrong-etag')
  assert.equal(await revert(second.blob), null)
  const back = (await server.record(id))!
  assert.deepEqual(
    [back.blob, back.bytes, back.thumbhash],
    [first.blob, first.bytes, first.thumbhash],
  )
  assert.equal((await fetch(`${at(id)}/file`)).status, 200)
  for (const side of back.variants ?? [])
    assert.equal((await fetch(`${server.url}/b/main/blob/${back.blob}/${side}`)).status, 200)
  assert.equal(await revert(back.blob), null)
  assert.equal((await server.record(id))!.blob, second.blob)
  const { id: other, blob } = await stored(await put(newId(), 2), 201)
  assert.equal(await command({ kind: 'image.revert', id: other, blob }), 'not-found')
})

test('H73, J16: with the picture its earlier files go', async () => {
  const [id, colour] = [newId(), randomBytes(3).toString('hex')]
  const own = await sharp({
    create: { width: 40, height: 30, channels: 3, background: `#${colour}` },
  })
    .png()
    .toBuffer()
  const added = await fetch(at(id), { method: 'PUT', body: Buffer.from(own), headers: anna })
  const first = await stored(added, 201)
  for (let i = 0; i < 12; i++) await (await put(id, 1 + (i % 2), { 'if-match': '*' })).arrayBuffer()
  const list = () =>
    server.engine.history.list('main', { kind: 'replaced', subject: id, limit: 99 })
  assert.equal((await list()).length, 10)
  assert.equal((await server.engine.endedBlobs.named([first.blob!])).size, 0)
  await server.act([{ kind: 'image.remove', id }])
  await server.act([{ kind: 'image.purge', id }])
  for (const end = Date.now() + 20_000; (await list()).length > 0; await setTimeout(50))
    assert.ok(Date.now() < end, 'its entries go')
  await removeEnded()
  assert.equal(await server.engine.blobs.has(first.blob!), false)
})
