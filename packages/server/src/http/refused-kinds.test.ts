import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MediaType } from '@wirephoto/board'
import sharp from 'sharp'
import { cleanupAfter } from '../../../../test/support/cleanup.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { Decoder } from '../images/decoding/decoder.ts'

const TOKEN = 'a'.repeat(22)
const ANNA = createHash('sha256').update(TOKEN).digest('base64url').slice(0, 22)
const REFUSED: MediaType[] = ['image/heic', 'image/avif']

let server: Harness
let avif: Buffer
let jpeg: Buffer

before(async () => {
  const drawn = sharp({ create: { width: 400, height: 300, channels: 3, background: '#c30' } })
  avif = await drawn.clone().avif({ effort: 0 }).toBuffer()
  jpeg = await drawn.jpeg().toBuffer()
  server = await Harness.open({ refuse: REFUSED })
})
after(() => server.close())

const put = (name: string, body: Buffer) =>
  fetch(`${server.url}/${name}`, { method: 'PUT', body: new Uint8Array(body) })

/** The box that an iPhone's file begins with. */
const HEIC_HEAD = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')

test('E18: a refused kind is refused at its first bytes, whatever it is called', async () => {
  for (const [name, body, kind] of [
    ['a.avif', avif, 'AVIF'],
    ['b.jpg', Buffer.concat([HEIC_HEAD, Buffer.alloc(5_000)]), 'HEIC'],
  ] as const) {
    const response = await put(name, body)
    assert.equal(response.status, 415)
    assert.deepEqual(await errorOf(response), {
      code: 'other-format',
      message: `${name} is ${kind}, which this server doesn't take for now. Save it as JPEG or PNG and add that.`,
    })
  }
  assert.deepEqual(await server.incomingFileNames(), [])
  assert.equal((await put('c.jpg', jpeg)).status, 201)
})

test('E18: an upload that began before the kind was refused ends with its record', async () => {
  await server.restart({ refuse: [] })
  const id = await server.announce('begun.avif', ANNA)
  const send = (method: string, url: string, headers: Record<string, string>, body?: Buffer) =>
    fetch(server.url + url, {
      method,
      headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${TOKEN}`, ...headers },
      ...(body && { body: new Uint8Array(body) }),
    })
  const uploads = '/api/boards/main/uploads'
  const metadata = `id ${Buffer.from(id).toString('base64')}`
  const created = await send('POST', uploads, {
    'upload-length': String(avif.length),
    'upload-metadata': metadata,
  })
  assert.equal(created.status, 201)
  const part = { 'content-type': 'application/offset+octet-stream' }
  const half = avif.subarray(0, avif.length >> 1)
  assert.equal(
    (await send('PATCH', `${uploads}/${id}`, { ...part, 'upload-offset': '0' }, half)).status,
    204,
  )

  await server.restart({ refuse: REFUSED })
  const rest = { ...part, 'upload-offset': String(half.length) }
  const response = await send('PATCH', `${uploads}/${id}`, rest, avif.subarray(half.length))
  assert.equal((await errorOf(response)).code, 'other-format')
  assert.equal(await server.record(id), undefined)
})

test('E19: no process has the decoder of a refused kind', async (t) => {
  const path = join(server.data, 'file')
  for (const [refusedTypes, size] of [
    [new Set<MediaType>(), { width: 400, height: 300 }],
    [new Set(REFUSED), null],
  ] as const) {
    const decoder = cleanupAfter(t).adopt(new Decoder({ refusedTypes }), (each) => each.close())
    await writeFile(path, avif)
    assert.deepEqual(await decoder.measure(path), size)
    await writeFile(path, jpeg)
    assert.deepEqual(await decoder.measure(path), { width: 400, height: 300 })
  }
})

test('E19: stored pictures of a refused kind get their variants once it is taken again', async () => {
  const id = await server.announce('stored.avif')
  const blob = createHash('sha256').update(avif).digest('hex')
  const path = join(server.data, 'stored')
  await writeFile(path, avif)
  await server.engine.blobs.put(path, blob)
  const facts = { bytes: avif.length, width: 400, height: 300, thumbhash: 'AAAA', animated: false }
  await server.act([{ kind: 'image.settle', id, blob, type: 'image/avif', ...facts }])
  server.images.variants.enqueueMissing('main', await server.pictures())
  await server.images.variants.whenIdle()
  assert.equal((await server.record(id))!.variants, null)

  await server.restart({ refuse: [] })
  await server.record(id)
  await server.images.variants.whenIdle()
  assert.deepEqual((await server.record(id))!.variants, [64, 320])
})
