import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { noticeMessages, type StoredImage } from '@wirephoto/board'
import fc from 'fast-check'
import sharp from 'sharp'
import { rounds, SEED } from '../../../../../test/support/effort.ts'
import { CANARY, exif } from '../../../support/canary-images.ts'
import { errorOf, Harness } from '../../../support/http-harness.ts'
import { rawImages } from '../../../support/raw-images.ts'
import { copyRawJpeg } from './raw-jpeg.ts'

sharp.cache(false)

const SENSOR = { width: 600, height: 400 }
/** EXIF orientation: the first row of pixels is shown on the right. */
const TURNED = { rightTop: 6 } as const

let folder: string
let server: Harness
let jpeg: Buffer
let raws: { readonly [name: string]: Buffer }

/** A JPEG with a comment, and with EXIF and its thumbnail if it should say how it is turned. */
async function jpegOf(width: number, height: number, isTurned = false): Promise<Buffer> {
  const create = { width, height, channels: 3, background: '#2a6' } as const
  const bytes = await sharp({ create }).jpeg().toBuffer()
  const segment = (marker: number, body: Buffer) => {
    const head = Buffer.from([0xff, marker, 0, 0])
    head.writeUInt16BE(body.length + 2, 2)
    return Buffer.concat([head, body])
  }
  const said = isTurned
    ? segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif('II*\0')]))
    : ''
  const comment = segment(0xfe, Buffer.from(CANARY))
  return Buffer.concat([bytes.subarray(0, 2), Buffer.from(said), comment, bytes.subarray(2)])
}

const rawsWith = async (jpeg: Buffer, orientation: number = TURNED.rightTop) =>
  rawImages({
    jpeg,
    thumbnail: await jpegOf(160, 120),
    sensor: SENSOR,
    orientation,
    secret: CANARY,
  })

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-raw-'))
  server = await Harness.open()
  jpeg = await jpegOf(576, 384)
  raws = await rawsWith(jpeg)
})
after(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

async function extracted(raw: Buffer, keepMetadata = false): Promise<Buffer | null> {
  const [path, to] = [join(folder, 'raw'), join(folder, 'jpeg')]
  await writeFile(path, raw)
  return (await copyRawJpeg(path, to, keepMetadata)) ? readFile(to) : null
}

const put = (name: string, bytes: Buffer): Promise<Response> =>
  fetch(`${server.url}/${name}`, { method: 'PUT', body: new Uint8Array(bytes) })

describe('M16: the largest JPEG inside a raw file is the picture', () => {
  test('it is found in the layouts of all makers, scrubbed, and turned as the raw file says', async () => {
    for (const [name, raw] of Object.entries(raws)) {
      const out = await extracted(raw)
      assert.ok(out, name)
      const { width, height, orientation } = await sharp(out).metadata()
      assert.deepEqual([width, height], [576, 384], name)
      // A RAF's JPEG says it itself, or it stands upright.
      assert.equal(orientation, name.endsWith('RAF') ? undefined : TURNED.rightTop, name)
      assert.equal(out.includes(CANARY), false, name)
      const pixels = (bytes: Buffer) => sharp(bytes, { failOn: 'error' }).raw().toBuffer()
      assert.deepEqual(await pixels(out), await pixels(jpeg), name)
    }
  })

  test('an orientation that the JPEG has is its own', async () => {
    const turned = await jpegOf(576, 384, true)
    for (const [name, raw] of Object.entries(await rawsWith(turned, 3))) {
      const out = await extracted(raw)
      assert.equal((await sharp(out!).metadata()).orientation, 6, name)
      assert.equal(out!.length, turned.length, name)
    }
  })

  test('M4: where a board keeps metadata, the JPEG keeps its own', async () => {
    assert.ok((await extracted(raws['IMG_0001.NEF']!, true))!.includes(CANARY))
  })

  test('one with less than half of the long side does not stand for the photograph', async () => {
    const [half, less] = [await jpegOf(300, 200), await jpegOf(299, 200)]
    for (const [name, raw] of Object.entries(await rawsWith(half)))
      assert.ok(await extracted(raw), name)
    for (const [name, raw] of Object.entries(await rawsWith(less)))
      assert.equal(await extracted(raw), null, name)
  })

  test('one that is cut off does not stand for it either', async () => {
    for (const [name, raw] of Object.entries(await rawsWith(jpeg.subarray(0, -40))))
      assert.equal(await extracted(raw), null, name)
  })

  test('F8: any number of tracks is read', async () => {
    const box = (type: string, body: Buffer): Buffer => {
      const head = Buffer.alloc(8)
      head.writeUInt32BE(body.length + 8, 0)
      head.write(type, 4)
      return Buffer.concat([head, body])
    }
    const frame = box('CRAW', Buffer.alloc(28))
    const frames = Buffer.concat([
      Buffer.alloc(8),
      Buffer.alloc(frame.length * 100_000, frame.toString('latin1'), 'latin1'),
    ])
    let movie: Buffer = frames
    for (const type of ['stsd', 'stbl', 'minf', 'mdia', 'trak', 'moov']) movie = box(type, movie)
    const cr3 = raws['IMG_0009.CR3']!
    const type = cr3.subarray(0, cr3.readUInt32BE(0))
    assert.equal(await extracted(Buffer.concat([type, movie, jpeg])), null)
  })

  test(`F8: any bytes give a JPEG or nothing (SEED=${SEED})`, async () => {
    const files = Object.values(raws)
    const damage = fc.array(fc.tuple(fc.nat(3_000), fc.nat(255)), { maxLength: 8 })
    const property = fc.asyncProperty(fc.nat(files.length - 1), damage, async (n, edits) => {
      const bytes = Buffer.from(files[n]!)
      for (const [at, value] of edits) bytes[at % bytes.length] = value
      const out = await extracted(bytes)
      if (out) assert.equal(out.readUInt16BE(0), 0xffd8)
    })
    await fc.assert(property, { numRuns: rounds(300), seed: SEED })
  })
})

describe('M17: the raw file itself is never stored', () => {
  test('a PUT is answered with the picture and what its sender should know', async () => {
    for (const [name, raw] of Object.entries(raws)) {
      const response = await put(name, raw)
      assert.equal(response.status, 201, name)
      const record = (await response.json()) as StoredImage
      const message = noticeMessages['jpeg-of-raw']({ name })
      assert.deepEqual(record.notices, [{ code: 'jpeg-of-raw', message }])
      assert.equal(record.type, 'image/jpeg')
      const isTurned = !name.endsWith('RAF')
      assert.deepEqual([record.width, record.height], isTurned ? [384, 576] : [576, 384], name)
      const url = `${server.url}/api/boards/main/images/${record.id}/file?download`
      const file = Buffer.from(await (await fetch(url)).arrayBuffer())
      assert.equal(record.blob, createHash('sha256').update(file).digest('hex'))
      assert.equal(record.bytes, file.length)
      assert.equal(file.includes(CANARY), false)
    }
    assert.deepEqual(await server.incomingFileNames(), [])
  })

  test('U1, A21: a resumable upload goes on after a restart, and nobody reads it before', async () => {
    const raw = raws['IMG_0003.ARW']!
    const id = await server.announce('IMG_0003.ARW')
    const { length } = raw
    const begin = { board: 'main', id, name: 'IMG_0003.ARW', length }
    const begun = await server.images.intake.begin(begin)
    await server.images.intake.receive(begun, Readable.from([raw.subarray(0, 5_000)]), 0)
    await server.stop()
    await server.start()
    await server.images.intake.resume()
    const file = server.images.incomingFiles.get('main', id)!
    assert.equal(file.offset, 5_000)
    assert.equal((await fetch(`${server.url}/b/main/arrivals/${id}`)).status, 404)
    const rest = Readable.from([raw.subarray(5_000)])
    await server.images.intake.receive(file, rest, 5_000)
    const record = await server.record(id)
    assert.deepEqual([record?.type, record?.width], ['image/jpeg', 384])
    assert.deepEqual(await server.incomingFileNames(), [])
  })

  test('without such a JPEG it is refused, with the way on', async () => {
    for (const [name, raw] of Object.entries(await rawsWith(await jpegOf(90, 60)))) {
      const response = await put(name, raw)
      const { code, message } = await errorOf(response)
      assert.deepEqual([response.status, code], [415, 'camera-file'], name)
      assert.equal(message, `${name} is a camera file. Export it as JPEG and add that.`)
    }
    assert.deepEqual(await server.incomingFileNames(), [])
  })

  test('its bytes tell it: a raw file under the name of a TIFF is one too', async () => {
    const response = await put('scan.tif', raws['IMG_0001.NEF']!)
    const record = (await response.json()) as StoredImage
    assert.deepEqual([response.status, record.type], [201, 'image/jpeg'])
    await server.images.variants.whenIdle()
    const blobs = await server.blobs()
    const refused = await put('scan.tif', (await rawsWith(await jpegOf(90, 60)))['IMG_0001.NEF']!)
    assert.equal((await errorOf(refused)).code, 'camera-file')
    assert.deepEqual(await server.blobs(), blobs)
  })
})
