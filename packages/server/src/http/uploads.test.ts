import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import type { WireError } from '@wirephoto/board'
import sharp from 'sharp'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { GARBAGE_COLLECTION_TIMES } from '../images/garbage-collector.ts'

const TOKEN = 'a'.repeat(22)
const ANNA = createHash('sha256').update(TOKEN).digest('base64url').slice(0, 22)
const UPLOADS = `/api/boards/${DEFAULT_BOARD_ID}/uploads`
const TUS = { 'tus-resumable': '1.0.0', authorization: `Bearer ${TOKEN}` }
const PART = { ...TUS, 'content-type': 'application/offset+octet-stream' }
const MAX_UPLOAD_BYTES = 5_000_000

let server: Harness
let picture: Buffer

before(async () => {
  server = await Harness.open({ maxUpload: MAX_UPLOAD_BYTES })
  const noise = { width: 800, height: 700, channels: 3 } as const
  picture = await sharp(randomBytes(800 * 700 * 3), { raw: noise })
    .png()
    .toBuffer()
  assert.ok(picture.length > 1_500_000)
})
after(() => server.close())

const announce = (name = 'p.png') => server.announce(name, ANNA)

function create(id: string, length: number | string, body?: Buffer): Promise<Response> {
  const encoded = Buffer.from(id).toString('base64')
  return fetch(server.url + UPLOADS, {
    method: 'POST',
    headers: {
      ...(body ? PART : TUS),
      'upload-length': String(length),
      'upload-metadata': `filename cC5wbmc=,id ${encoded}`,
    },
    ...(body && { body }),
  })
}

const head = (id: string) =>
  fetch(`${server.url}${UPLOADS}/${id}`, { method: 'HEAD', headers: TUS })
const patch = (id: string, at: number, body: Buffer) =>
  fetch(`${server.url}${UPLOADS}/${id}`, {
    method: 'PATCH',
    headers: { ...PART, 'upload-offset': String(at) },
    body,
  })
const offsetOf = (response: Response) => Number(response.headers.get('upload-offset'))

/** A part that is begun and not ended. */
function hang(id: string, at: number, bytes: Buffer, promised: number): ClientRequest {
  const request = httpRequest(`${server.url}${UPLOADS}/${id}`, {
    method: 'PATCH',
    headers: { ...PART, 'upload-offset': at, 'content-length': promised },
  })
  request.on('error', () => {})
  request.write(bytes)
  return request
}

/** Waits until this much has arrived. */
async function arrived(id: string, bytes: number): Promise<void> {
  while ((server.images.incomingFiles.get(DEFAULT_BOARD_ID, id)?.offset ?? -1) < bytes)
    await new Promise(setImmediate)
}

test('U2: a picture goes up in parts, and the last is answered when it is stored', async () => {
  const id = await announce()
  const created = await create(id, picture.length)
  assert.equal(created.status, 201)
  assert.equal(created.headers.get('location'), `${UPLOADS}/${id}`)
  assert.equal(created.headers.get('tus-resumable'), '1.0.0')

  const first = await patch(id, 0, picture.subarray(0, 600_000))
  assert.deepEqual([first.status, offsetOf(first)], [204, 600_000])
  const asked = await head(id)
  assert.deepEqual([asked.status, offsetOf(asked)], [200, 600_000])
  assert.equal(asked.headers.get('upload-length'), String(picture.length))
  assert.equal(asked.headers.get('cache-control'), 'no-store')
  assert.equal((await server.record(id))!.blob, null)

  const last = await patch(id, 600_000, picture.subarray(600_000))
  assert.deepEqual([last.status, offsetOf(last)], [204, picture.length])
  const record = (await server.record(id))!
  assert.equal(record.blob, createHash('sha256').update(picture).digest('hex'))
  assert.deepEqual([record.type, record.bytes, record.width], ['image/png', picture.length, 800])
  assert.deepEqual(await server.incomingFileNames(), [])
})

test('U5, U11: a stored picture is answered as complete, one that is gone as gone', async () => {
  const id = await announce()
  assert.equal(offsetOf(await create(id, picture.length, picture)), picture.length)
  assert.equal(offsetOf(await head(id)), picture.length)
  assert.equal(offsetOf(await create(id, picture.length)), picture.length)
  assert.equal((await patch(id, picture.length, Buffer.alloc(0))).status, 204)
  assert.equal((await create(id, 77)).status, 409)
  assert.equal((await patch(id, 0, picture)).status, 409)

  const unknown = '01890000-0000-7000-8000-000000000000'
  assert.equal((await head(unknown)).status, 410)
  assert.equal((await errorOf(await patch(unknown, 0, picture))).code, 'upload-gone')
  assert.equal((await errorOf(await create(unknown, 5))).code, 'unknown-picture')
  // Announced and not begun: may begin.
  assert.equal((await head(await announce())).status, 404)
})

test('a part at another offset, of another length or type is refused and changes nothing', async () => {
  const id = await announce()
  await create(id, picture.length)
  await patch(id, 0, picture.subarray(0, 1000))
  assert.equal((await errorOf(await patch(id, 999, picture))).code, 'wrong-offset')
  assert.equal((await errorOf(await patch(id, 1001, picture))).code, 'wrong-offset')
  assert.equal((await errorOf(await create(id, picture.length + 1))).code, 'conflict')
  assert.equal((await errorOf(await patch(id, 1000, picture))).code, 'bad-request')
  const wrong = (headers: Record<string, string>) =>
    fetch(`${server.url}${UPLOADS}/${id}`, { method: 'PATCH', headers, body: picture })
  assert.equal((await wrong({ ...TUS, 'upload-offset': '1000' })).status, 400)
  assert.equal((await wrong(PART)).status, 400)
  assert.equal((await wrong({ ...PART, 'upload-offset': '-1' })).status, 400)
  const old = await wrong({ ...PART, 'tus-resumable': '0.2.2', 'upload-offset': '1000' })
  assert.deepEqual([old.status, old.headers.get('tus-version')], [412, '1.0.0'])
  for (const length of ['', '-1', '1e3', '99999999999999999999'])
    assert.equal((await create(await announce(), length)).status, 400)
  assert.equal(offsetOf(await head(id)), 1000)
})

test('OPTIONS tells what can be done; POST stands in for methods that a line forbids', async () => {
  const options = await fetch(server.url + UPLOADS, { method: 'OPTIONS' })
  assert.equal(options.status, 204)
  assert.equal(options.headers.get('tus-version'), '1.0.0')
  assert.equal(options.headers.get('tus-max-size'), String(MAX_UPLOAD_BYTES))
  assert.match(options.headers.get('tus-extension')!, /creation,creation-with-upload,termination/)

  const id = await announce()
  await create(id, picture.length)
  const overridden = await fetch(`${server.url}${UPLOADS}/${id}`, {
    method: 'POST',
    headers: { ...PART, 'upload-offset': '0', 'x-http-method-override': 'PATCH' },
    body: picture,
  })
  assert.equal(overridden.status, 204)
})

test('A15: termination takes the record with it', async () => {
  const id = await announce()
  await create(id, picture.length, picture.subarray(0, 1000))
  const remove = () => fetch(`${server.url}${UPLOADS}/${id}`, { method: 'DELETE', headers: TUS })
  assert.equal((await remove()).status, 204)
  assert.equal(await server.record(id), undefined)
  assert.deepEqual(
    (await server.incomingFileNames()).filter((file) => file.includes(id)),
    [],
  )
  assert.equal((await remove()).status, 410)
})

test('F8: what is refused goes, with its record', async () => {
  const text = Buffer.alloc(10_000, 'no picture at all ')
  const cut = picture.subarray(0, 300_000)
  const cases: [string, Buffer, number, string][] = [
    ['a.txt', text, 415, 'not-a-picture'],
    ['tiny.txt', text.subarray(0, 5), 415, 'not-a-picture'],
    ['empty.png', Buffer.alloc(0), 400, 'empty-file'],
    ['cut.png', cut, 422, 'damaged'],
  ]
  for (const [name, body, status, code] of cases) {
    const id = await announce(name)
    const created = await create(id, body.length)
    const refused = created.ok ? await patch(id, 0, body) : created
    const error = await errorOf(refused)
    assert.deepEqual([name, refused.status, error.code], [name, status, code])
    assert.ok(error.message.startsWith(name))
    assert.equal(await server.record(id), undefined)
    assert.equal((await head(id)).status, 410)
  }
  const id = await announce('big.png')
  const refused = await create(id, MAX_UPLOAD_BYTES + 1)
  assert.deepEqual(
    [refused.status, refused.headers.get('tus-max-size')],
    [413, String(MAX_UPLOAD_BYTES)],
  )
  assert.equal((await errorOf(refused)).message, 'big.png is 5.0 MB. The limit here is 5.0 MB.')
  assert.equal(await server.record(id), undefined)
})

test('a new request takes over from one that hangs, and does not disturb one that goes on', async () => {
  const id = await announce()
  await create(id, picture.length)
  const hanging = hang(id, 0, picture.subarray(0, 100_000), picture.length)
  const broken = new Promise((resolve) => hanging.once('error', resolve))
  await arrived(id, 100_000)
  assert.equal((await patch(id, 0, picture)).status, 409)
  assert.equal(offsetOf(await head(id)), 100_000)
  assert.equal((await patch(id, 100_000, picture.subarray(100_000))).status, 204)
  await broken
  assert.ok((await server.record(id))!.blob)
})

test('A14: a picture that is removed meanwhile settles in the trash', async () => {
  const id = await announce()
  await create(id, picture.length, picture.subarray(0, 1000))
  await server.act([{ kind: 'image.remove', id }])
  assert.equal((await patch(id, 1000, picture.subarray(1000))).status, 204)
  const { blob, deletedAt } = (await server.record(id))!
  assert.ok(blob !== null && deletedAt !== null)
})

test('F1: who is told that all has arrived may think that it is stored', async () => {
  const id = await announce()
  await create(id, picture.length)
  // The last answer was lost, and the validation is still to come.
  const incomingFile = server.images.incomingFiles.get(DEFAULT_BOARD_ID, id)!
  await incomingFile.receive(Readable.from([picture]), { at: 0, limit: MAX_UPLOAD_BYTES })
  assert.equal((await server.record(id))!.blob, null)
  assert.equal(offsetOf(await head(id)), picture.length)
  assert.ok((await server.record(id))!.blob)
})

test('U11: bytes for a record that is gone are dropped', { timeout: 30_000 }, async () => {
  const id = await announce()
  await create(id, picture.length, picture.subarray(0, 1000))
  await server.act([{ kind: 'image.fail', id }])
  const refused = await patch(id, 1000, picture.subarray(1000))
  assert.deepEqual([refused.status, (await errorOf(refused)).code], [410, 'upload-gone'])
  // They go with the record, which nobody has to wait for.
  while ((await server.incomingFileNames()).some((file) => file.includes(id)))
    await new Promise(setImmediate)
})

test('F1, R20: after a restart an upload goes on from its last durable byte', async () => {
  const id = await announce()
  await create(id, picture.length)
  hang(id, 0, picture.subarray(0, 1_400_000), picture.length)
  await arrived(id, 1_400_000)
  const sidecar = join(server.data, 'arrivals', `${DEFAULT_BOARD_ID}.${id}.json`)
  // As kill -9 in mid-stream leaves it: more bytes than are known to be durable, the last of them garbage.
  const left = await readFile(sidecar, 'utf8')
  const durable = JSON.parse(left).offset as number
  assert.ok(durable > 1_000_000 && durable <= 1_400_000, `${durable}`)
  await server.stop()
  await writeFile(sidecar, left)
  const file = join(server.data, 'arrivals', `${DEFAULT_BOARD_ID}.${id}`)
  await truncate(file, 1_500_000)
  const stray = join(server.data, 'arrivals', 'stray')
  await writeFile(stray, 'of a dead process')
  await server.start()

  assert.equal((await stat(file)).size, durable)
  await assert.rejects(stat(stray), { code: 'ENOENT' })
  assert.equal(offsetOf(await head(id)), durable)
  assert.equal((await patch(id, durable, picture.subarray(durable))).status, 204)
  assert.equal((await server.record(id))!.blob, createHash('sha256').update(picture).digest('hex'))
})

test('F1, R20: a restart finishes what has arrived and drops what nobody waits for', async () => {
  const [whole, orphan, settled] = [await announce(), await announce(), await announce()]
  for (const id of [whole, orphan, settled]) await create(id, picture.length)
  // All bytes are there and the server dies before the validation.
  for (const id of [whole, orphan, settled]) {
    const incomingFile = server.images.incomingFiles.get(DEFAULT_BOARD_ID, id)!
    await incomingFile.receive(Readable.from([picture]), { at: 0, limit: MAX_UPLOAD_BYTES })
    assert.ok(incomingFile.isComplete)
  }
  await server.act([{ kind: 'image.fail', id: orphan }])
  await server.stop()
  await server.start()
  await server.images.intake.resume()
  assert.ok((await server.record(whole))!.blob)
  assert.ok((await server.record(settled))!.blob)
  assert.equal(await server.record(orphan), undefined)
  assert.deepEqual(
    (await server.incomingFileNames()).filter(
      (file) => file.includes(whole) || file.includes(orphan),
    ),
    [],
  )
})

test('U63: a start fails a picture that a killed server had announced', async () => {
  const id = await announce()
  await server.stop()
  const mark = join(server.data, 'arrivals', `${DEFAULT_BOARD_ID}.${id}.volatile`)
  await writeFile(mark, '')
  await server.start()
  await server.images.intake.resume()
  assert.equal(await server.record(id), undefined)
  await assert.rejects(stat(mark), { code: 'ENOENT' })
})

test('F1, A13: a garbage collection removes blobs without a record and pictures that nobody sends, and says so', async () => {
  const { engine, boards, images } = server
  const notices: string[] = []
  const notify = (...[board, visitor, { code }]: [string, string, WireError]) =>
    void notices.push(`${board} ${visitor} ${code}`)
  const garbageCollector = newCollector({ engine, boards, images, notify })
  const kept = await announce()
  const stored = await create(kept, picture.length, picture)
  assert.equal(stored.status, 201)
  const lost = join(server.data, 'lost')
  await writeFile(lost, 'no record names me')
  const sha256 = createHash('sha256').update('no record names me').digest('hex')
  await engine.blobs.put(lost, sha256)
  const waiting = await announce()
  await create(waiting, picture.length, picture.subarray(0, 10))
  const { author } = (await server.record(waiting))!

  await garbageCollector.collect(GARBAGE_COLLECTION_TIMES)
  assert.ok(await engine.blobs.has(sha256), 'a lease holds')
  assert.ok(await server.record(waiting))
  await new Promise((resolve) => setTimeout(resolve, 20))
  await garbageCollector.collect({
    ...GARBAGE_COLLECTION_TIMES,
    blobLeaseMs: 0,
    arrivingTimeoutMs: 0,
  })
  const aside = await Array.fromAsync(engine.blobs.listAside())
  assert.deepEqual([aside.length, aside[0]?.sha256], [1, sha256], 'C6')
  assert.equal(await server.record(waiting), undefined)
  assert.ok(notices.includes(`${DEFAULT_BOARD_ID} ${author} upload-gone`))
  assert.ok(await engine.blobs.has((await server.record(kept))!.blob!))
  assert.deepEqual(await server.incomingFileNames(), [])
})

test('a refused part is answered before its body is read', async () => {
  const request = hang(
    '01890000-0000-7000-8000-000000000000',
    0,
    Buffer.alloc(1000),
    MAX_UPLOAD_BYTES,
  )
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 410)
  request.destroy()
})

test('A24: a preview that is later than its file is pushed, unless there are variants', async (t) => {
  const { decoder, previews, uploadProgress, variants } = server.images
  const gates = { preview: Promise.withResolvers<void>(), variants: Promise.withResolvers<void>() }
  const { reencodePreview, makeVariants } = decoder
  decoder.reencodePreview = async (bytes) => {
    await gates.preview.promise
    return reencodePreview.call(decoder, bytes)
  }
  decoder.makeVariants = async (file) => {
    await gates.variants.promise
    return makeVariants.call(decoder, file)
  }
  t.after(() => {
    for (const gate of Object.values(gates)) gate.resolve()
    Object.assign(decoder, { reencodePreview, makeVariants })
  })
  const pushed: string[] = []
  const listener = { onProgress: () => {}, onPreview: (each: string) => pushed.push(each) }
  using held = await server.boards.hold(DEFAULT_BOARD_ID)
  const id = await announce()
  t.after(uploadProgress.listen(DEFAULT_BOARD_ID, listener))
  // Nobody has sent it before, so that its variants have to be made.
  const fresh = await sharp(picture).negate().png().toBuffer()
  const preview = await sharp(fresh).resize(320).webp().toBuffer()
  const late = previews.addFromSender(held.board, id, preview)
  assert.equal((await create(id, fresh.length, fresh)).status, 201)
  assert.ok((await server.record(id))!.blob)
  gates.preview.resolve()
  await late
  assert.deepEqual(pushed, [id])
  assert.ok(!(id in uploadProgress.snapshot(DEFAULT_BOARD_ID)), 'it is on its way no more')

  gates.variants.resolve()
  await variants.whenIdle()
  await previews.addFromSender(held.board, id, preview)
  assert.deepEqual(pushed, [id])
})
