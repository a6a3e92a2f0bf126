import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { largePreview, WireError } from '@wirephoto/board'
import sharp from 'sharp'
import { pngChunk } from '../../../../test/support/png.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'

import { isProgressive } from '../images/decoding/jpeg-scans.ts'

const MB_BYTES = 1_000_000
/** Time after which a reader without bytes ends (A18). */
const READ_TIMEOUT_MS = 2_000
const CUT = { code: 'ECONNRESET' }

let server: Harness
/** A picture that doesn't get smaller. */
let jpeg: Buffer
let png: Buffer

before(async () => {
  server = await Harness.open({ maxUpload: 100 * MB_BYTES })
  const noise = sharp(randomBytes(600 * 400 * 3), { raw: { width: 600, height: 400, channels: 3 } })
  jpeg = await noise.clone().jpeg({ quality: 95, progressive: true }).toBuffer()
  png = await noise.png({ compressionLevel: 0 }).toBuffer()
})
after(() => server.close())

/** An upload that has brought so much of a file. */
async function begin(bytes: Buffer, sent: number, length = bytes.length, visitor = 'anna') {
  const id = await server.announce('p.jpg', visitor)
  const incomingFile = await server.images.intake.begin({
    board: 'main',
    id,
    name: 'p.jpg',
    length,
  })
  const more = new PassThrough()
  const received = server.images.intake.receive(incomingFile, more, 0)
  received.catch(() => {})
  /** Resolves when the server has it. */
  const send = async (to: number) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const unwatch = incomingFile.watch(() => incomingFile.offset >= to && resolve())
    more.write(bytes.subarray(incomingFile.offset, to))
    await promise.finally(unwatch)
  }
  await send(sent)
  return { id, incomingFile, send, end: () => more.end(), more, received }
}

/** A reader of its own connection, that is known as a visitor. */
async function openReader(id: string, page = '', visitor = 'a'): Promise<IncomingMessage> {
  const request = get(`${server.url}/b/main/arrivals/${id}${page && `?page=${page}`}`, {
    agent: false,
    headers: { authorization: `Bearer ${visitor.repeat(22)}` },
  })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

/** Resolves when so much has come, to what has. */
async function read(response: IncomingMessage, bytes: number): Promise<Buffer> {
  const found: Buffer[] = []
  let length = 0
  while (length < bytes) {
    const piece = response.read() as Buffer | null
    if (piece) length += found[found.push(piece) - 1]!.length
    else await once(response, 'readable')
  }
  return Buffer.concat(found)
}

describe('A4: the file of a picture on its way', () => {
  test('A4, A17, A18: is the file from its start, as it grows, and ends with it', async () => {
    const { id, send, end, received } = await begin(jpeg, 50_000)
    const first = await openReader(id)
    const { headers, statusCode } = first
    assert.equal(statusCode, 200)
    assert.equal(headers['content-length'], String(jpeg.length))
    assert.equal(headers['content-type'], 'image/jpeg')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['content-security-policy'], "sandbox; default-src 'none'")
    const start = await read(first, 50_000)
    assert.deepEqual(start, jpeg.subarray(0, 50_000))
    await send(100_000)
    const more = await read(first, 50_000)
    // A late reader gets all of it.
    const second = await openReader(id, 'late')
    const whole = buffer(second)
    await send(jpeg.length)
    end()
    await received
    assert.deepEqual(Buffer.concat([start, more, await buffer(first)]), jpeg)
    assert.deepEqual(await whole, jpeg)
    assert.equal((await openReader(id)).statusCode, 404, 'stored: there is a blob')
  })

  test('waits for the bytes that tell what the file is', async () => {
    const { id, send, more } = await begin(jpeg, 100)
    const asked = openReader(id)
    await send(5_000)
    assert.equal((await asked).headers['content-type'], 'image/jpeg')
    more.destroy()
  })

  test('A19: is cut off, not ended, when the upload is cancelled or refused', async () => {
    const first = await begin(jpeg, 50_000)
    const cancelled = await openReader(first.id)
    await read(cancelled, 50_000)
    await server.images.intake.cancel(first.incomingFile)
    await assert.rejects(buffer(cancelled), CUT)

    // Its length is nowhere said: only the cut tells.
    const script = await slowPut(jpeg.subarray(0, 100_000))
    const broken = await openReader(script.id)
    assert.equal(broken.headers['content-length'], undefined)
    await read(broken, 100_000)
    script.body.destroy(new WireError('too-large'))
    await assert.rejects(buffer(broken), CUT)
    await assert.rejects(script.answer, { code: 'too-large' })
    assert.equal((await openReader(script.id)).statusCode, 404)
  })

  test('A18: ends 2 s after bytes stop', async () => {
    const script = await slowPut(jpeg.subarray(0, 100_000))
    const response = await openReader(script.id)
    const started = performance.now()
    assert.deepEqual(await buffer(response), jpeg.subarray(0, 100_000))
    const waited = performance.now() - started
    assert.ok(waited > READ_TIMEOUT_MS * 0.9 && waited < READ_TIMEOUT_MS + 5_000, `${waited} ms`)
    // The file is shorter than its declared length, so the connection ends too.
    const { id, more } = await begin(jpeg, 50_000)
    const short = await openReader(id)
    assert.equal((await read(short, 50_000)).length, 50_000)
    const [error] = await once(short, 'error')
    assert.equal(error.code, CUT.code)
    more.destroy()

    script.body.end(jpeg.subarray(100_000))
    assert.equal((await script.answer)[0]!.bytes, jpeg.length)
  })

  test('A20: is read by one at a time of each page', async () => {
    const [one, two] = [await begin(jpeg, 50_000), await begin(jpeg, 60_000)]
    const [mine, other, stranger] = await Promise.all([
      openReader(one.id, 'p1'),
      openReader(one.id, 'p2'),
      openReader(one.id, 'p1', 'b'),
    ])
    const next = await openReader(two.id, 'p1')
    await assert.rejects(buffer(mine), CUT)
    for (const { send, end } of [one, two]) {
      await send(jpeg.length)
      end()
    }
    for (const response of [next, other, stranger]) assert.deepEqual(await buffer(response), jpeg)
  })

  test('A21, M11: shows nothing but pictures that may be shown before they are whole', async () => {
    const avif = await sharp(png).avif({ effort: 0 }).toBuffer()
    const { id, more } = await begin(avif, 20_000)
    assert.equal((await openReader(id)).statusCode, 404)
    more.destroy()
    const announced = await server.announce()
    assert.equal((await openReader(announced)).statusCode, 404, 'nothing has come')
    const other = await fetch(`${server.url}/b/main/arrivals/01890000-0000-7000-8000-000000000000`)
    assert.equal((await errorOf(other)).code, 'unknown-picture')
  })

  test('F6: costs the server no memory, however slowly it is read', async (t) => {
    const readers = 30
    const [idat] = pngChunk('IDAT', Buffer.alloc(0))
    idat!.writeUInt32BE(90 * MB_BYTES)
    const head = Buffer.concat([png.subarray(0, 33), idat!, Buffer.from('IDAT')])
    const bytes = Buffer.concat([head, randomBytes(40 * MB_BYTES)])
    const { id, send, incomingFile, more } = await begin(bytes, 5_000, 90 * MB_BYTES)
    const stalled = await Promise.all(
      Array.from({ length: readers }, (_, i) => openReader(id, `p${i}`)),
    )
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for (let to = MB_BYTES; to <= 40 * MB_BYTES; to += MB_BYTES) {
      await send(to)
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    }
    assert.equal(incomingFile.offset, 40 * MB_BYTES, 'nobody waits for who reads nothing')
    t.diagnostic(`at most ${Math.round(most / MB_BYTES)} MB more`)
    assert.ok(most < 150 * MB_BYTES, 'of the 1,200 that they have asked for')
    for (const response of stalled) response.destroy()
    more.destroy()
  })
})

test('A22: a progressive JPEG is said to be live as soon as its frame header is there', async () => {
  const folder = server.data
  const large = { exif: { IFD0: { Copyright: 'x'.repeat(50_000) } } }
  const plain = await sharp(jpeg).jpeg().toBuffer()
  const long = await sharp(jpeg).withMetadata(large).jpeg({ progressive: true }).toBuffer()
  const file = join(folder, 'sample')
  for (const [bytes, isSo] of [
    [jpeg, true],
    [plain, false],
    [long, true],
  ] as const) {
    await writeFile(file, bytes)
    assert.equal(await isProgressive(file, bytes.length), isSo)
    assert.equal(await isProgressive(file, 20), null)
  }
  assert.equal(await isProgressive(file, 40_000), null)
  await writeFile(file, randomBytes(10_000))
  assert.equal(await isProgressive(file, 10_000), false)

  const begun = await Promise.all([plain, png, jpeg].map((bytes) => begin(bytes, 20_000)))
  const live = () => begun.map(({ id }) => server.images.uploadProgress.snapshot('main')[id]?.live)
  await new Promise<void>((resolve) => {
    const look = () => live()[2] && resolve()
    server.images.uploadProgress.listen('main', { onProgress: look, onPreview: look })
    look()
  })
  assert.deepEqual(live(), [false, false, true])
  for (const { more } of begun) more.destroy()
})

test('A52: a large preview of one’s own picture on its way is made anew, told to all, and goes with the file', async () => {
  const token = 's'.repeat(22)
  const headers = { authorization: `Bearer ${token}` }
  const visitor = createHash('sha256').update(token).digest('base64url').slice(0, 22)
  const { id, send, end, received } = await begin(jpeg, 20_000, jpeg.length, visitor)
  const address = `${server.url}/b/main/arrivals/${id}/preview/large`
  const put = (body: Buffer, from = headers) =>
    fetch(address, { method: 'PUT', headers: from, body: new Uint8Array(body) })
  const refusalOf = async (answer: Promise<Response>) => (await errorOf(await answer)).code
  const isTold = () => server.images.uploadProgress.snapshot('main')[id]?.large
  assert.equal(await refusalOf(fetch(address)), 'not-found')
  assert.equal(isTold(), false)

  assert.equal(await refusalOf(put(randomBytes(largePreview.bytes + 1))), 'too-large')
  const smooth = await sharp(jpeg).resize(16).png().toBuffer()
  const drawn = sharp(smooth)
    .resize(1_600)
    .withExif({ IFD0: { Copyright: 'Anna' } })
  const fitting = await drawn.jpeg().toBuffer()
  assert.equal(
    await refusalOf(put(fitting, { authorization: `Bearer ${'x'.repeat(22)}` })),
    'not-allowed',
  )
  assert.equal(await refusalOf(put(randomBytes(1_000))), 'damaged')
  assert.equal(isTold(), false)
  assert.equal((await put(fitting)).status, 204)
  assert.equal(isTold(), true)
  const shown = await fetch(address)
  assert.equal(shown.headers.get('cache-control'), 'no-store')
  const bytes = Buffer.from(await shown.arrayBuffer())
  const { format, width, exif } = await sharp(bytes).metadata()
  assert.deepEqual([format, width, exif], ['webp', largePreview.sidePx, undefined])
  assert.ok(bytes.length <= largePreview.bytes)

  await send(jpeg.length)
  end()
  await received
  assert.equal((await fetch(address)).status, 200, 'to who has just heard of it')
  assert.equal((await put(fitting)).status, 204, 'too late, which nobody needs to know')
})

/** A script that sends slowly, and doesn't say how much. Resolves when it is announced. */
async function slowPut(start: Buffer) {
  const body = new PassThrough()
  const { promise, resolve } = Promise.withResolvers<string>()
  const known = new Set((await server.pictures()).map(({ id }) => id))
  const held = await server.boards.hold('main')
  const { board } = held
  const unlisten = board.listen(() => {
    const added = [...board.records.values()].find(
      (record) => record.kind === 'image' && !known.has(record.id),
    )
    if (!added) return
    unlisten()
    resolve(added.id)
  })
  const sender = { visitor: 'script', role: 'edit' } as const
  const answer = server.images.directUpload
    .storeAll(board, sender, [{ source: body, name: 'slow.jpg', length: null, place: {} }] as never)
    .finally(() => held[Symbol.dispose]())
  answer.catch(() => {})
  body.write(start.subarray(0, 50_000))
  let at = 50_000
  // Slow is what takes its time.
  const trickle = setInterval(() => body.write(start.subarray(at, (at += 100))), 50)
  const id = await promise
  clearInterval(trickle)
  body.write(start.subarray(at))
  return { id, body, answer }
}
