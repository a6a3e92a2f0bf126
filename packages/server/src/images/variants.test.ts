import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import sharp from 'sharp'
import { withExifOrientation } from '../../../../test/support/pictures.ts'
import { Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { blankPng, CORNERS, cornersPng, readCorners } from '../../support/sample-images.ts'
import { purgeExpired } from '../boards/boards.ts'
import { Decoder } from './decoding/decoder.ts'
import { GARBAGE_COLLECTION_TIMES, type GarbageCollector } from './garbage-collector.ts'
import { variantKey } from './variant-key.ts'

let server: Harness

before(async () => {
  server = await Harness.open()
})
after(() => server.close())

let made = 0
/** A picture that nobody has sent before. */
const fresh = async (width = 400, height = 300): Promise<Buffer> =>
  sharp(await cornersPng(width, height))
    .composite([
      {
        input: { create: { width: 1, height: 1, channels: 3, background: `#0000${hex(made++)}` } },
        left: 0,
        top: 0,
      },
    ])
    .png()
    .toBuffer()
const hex = (n: number) => n.toString(16).padStart(2, '0')

/** Stored, and its variants made. */
async function store(bytes: Buffer, board = 'main'): Promise<ImageRecord> {
  const address = `${server.url}/b/${board}/p`
  const answer = await fetch(address, { method: 'PUT', body: new Uint8Array(bytes) })
  assert.equal(answer.status, 201)
  const { id } = (await answer.json()) as ImageRecord
  await server.images.variants.whenIdle()
  return (await server.record(id, board))!
}

const read = async (blob: string, side: number): Promise<Buffer> =>
  buffer(await server.engine.blobs.get(variantKey(blob, side)))

/** How often pictures are processed from now on. */
function counting(): { count: number } {
  const { decoder } = server.images
  const vary = decoder.makeVariants.bind(decoder)
  const counted = { count: 0 }
  decoder.makeVariants = (file) => {
    counted.count++
    return vary(file)
  }
  return counted
}

const later = () => new Promise((resolve) => setTimeout(resolve, 20))

test('V1, V7: a picture has the variants that are smaller than it is, in WebP', async () => {
  for (const [width, height, expected] of [
    [3_000, 1_500, ['64x32', '320x160', '1280x640']],
    [100, 1_280, ['5x64', '25x320']],
    [321, 1, ['64x1', '320x1']],
    [65, 65, ['64x64']],
    [64, 40, []],
  ] as const) {
    const { blob, variants } = await store(await fresh(width, height))
    const found = await Promise.all(
      variants!.map(async (side) => {
        const metadata = await sharp(await read(blob!, side)).metadata()
        assert.equal(metadata.format, 'webp')
        return `${metadata.width}x${metadata.height}`
      }),
    )
    assert.deepEqual(found, expected)
  }
})

test('V7: variants are upright, however the camera was held', async () => {
  const folder = join(server.data, 'held')
  await mkdir(folder)
  const path = join(folder, 'held.jpg')
  for (let orientation = 1; orientation <= 8; orientation++) {
    await writeFile(path, await withExifOrientation(await cornersPng(400, 300), orientation))
    const sides = [64, 320]
    for (const variant of await server.images.decoder.makeVariants({
      path,
      type: 'image/jpeg',
      sides,
      folder,
    })) {
      const { width, height, orientation: left } = await sharp(variant.path).metadata()
      assert.deepEqual([width, height, left], [variant.side, variant.side * 0.75, undefined])
      isNear(await readCorners(variant.path), CORNERS, 24)
    }
  }
})

test('V7: variants are sRGB, whatever the profile of the original', async () => {
  const picture = sharp(await cornersPng(400, 300))
  const inP3 = await picture.clone().withIccProfile('p3').png().toBuffer()
  const inCmyk = await picture
    .clone()
    .toColourspace('cmyk')
    .withIccProfile('cmyk')
    .jpeg()
    .toBuffer()
  isNear(await readCorners(inP3), CORNERS, 6)
  assert.ok(
    far(await readCorners(inP3, { ignoreIcc: true }), CORNERS) > 10,
    'its numbers are others',
  )
  // Inks don't reach every colour of a screen.
  assert.ok(far(await readCorners(inCmyk), CORNERS) < 100)
  for (const bytes of [inP3, inCmyk]) {
    const { blob } = await store(bytes)
    const variant = await read(blob!, 320)
    const { icc, space, channels } = await sharp(variant).metadata()
    assert.deepEqual([icc, space, channels], [undefined, 'srgb', 3])
    isNear(await readCorners(variant), await readCorners(bytes), 8)
  }
})

test('V7: what moves stands still in its variants, at its first frame; what is clear stays clear', async () => {
  const frames = await Promise.all(
    ['#f00', '#00f'].map((background) =>
      sharp({ create: { width: 400, height: 300, channels: 4, background } })
        .composite([
          {
            input: { create: { width: 200, height: 300, channels: 4, background: '#000' } },
            left: 0,
            top: 0,
            blend: 'dest-out',
          },
        ])
        .png()
        .toBuffer(),
    ),
  )
  const bytes = await sharp(frames, { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer()
  const { blob, variants, animated } = await store(bytes)
  assert.deepEqual([variants, animated], [[64, 320], true])
  const variant = sharp(await read(blob!, 320))
  assert.equal((await variant.metadata()).pages, undefined)
  const { data, info } = await variant.raw().toBuffer({ resolveWithObject: true })
  assert.equal(info.channels, 4)
  const at = (x: number) => [...data.subarray((100 * info.width + x) * 4).subarray(0, 4)]
  assert.equal(at(20)[3], 0)
  isNear([at(300)], [[255, 0, 0, 255]], 12)
})

test('V10: a variant is served like its original, to boards that have it', async () => {
  const { blob } = await store(await fresh())
  const address = `${server.url}/b/main/blob/${blob}`
  const bytes = await read(blob!, 320)
  const whole = await fetch(`${address}/320`)
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), bytes)
  for (const [name, value] of Object.entries({
    'content-type': 'image/webp',
    'content-length': String(bytes.length),
    'cache-control': 'private, max-age=31536000, immutable',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    etag: `"${variantKey(blob!, 320)}"`,
  }))
    assert.equal(whole.headers.get(name), value)
  const headers = { range: 'bytes=10-19' }
  const part = await fetch(`${address}/320`, { headers })
  assert.deepEqual(
    [part.status, part.headers.get('content-range')],
    [206, `bytes 10-19/${bytes.length}`],
  )
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(10, 20))
  const head = await fetch(`${address}/64`, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), String((await read(blob!, 64)).length))

  const other = await server.boards.create()
  for (const missing of [
    `${address}/1280`,
    `${address}/65`,
    `${address}/320.webp`,
    `${server.url}/b/${other}/blob/${blob}/320`,
    `${server.url}/b/main/blob/${variantKey(blob!, 320)}/original`,
  ])
    assert.equal((await fetch(missing)).status, 404, missing)
})

test('V2, V11: the same bytes are processed once, whichever boards they come to', async () => {
  const counted = counting()
  const bytes = await fresh()
  const other = await server.boards.create()
  const [one, two, three] = [await store(bytes), await store(bytes), await store(bytes, other)]
  assert.equal(counted.count, 1)
  for (const { id, blob } of [one, two, three]) {
    const board = id === three.id ? other : undefined
    assert.deepEqual((await server.record(id, board))!.variants, [64, 320])
    // SPEC V2 says it, so that others can find it.
    const key = createHash('sha256').update(`${blob}/320.webp/1`).digest('hex')
    assert.equal(key, variantKey(blob!, 320))
    assert.ok(await server.engine.blobs.has(key))
  }
})

test('V3, V9, V12: a server that dies before it has told makes them again, of trashed pictures too', async () => {
  await server.images.variants.close()
  const left = await store(await fresh())
  const known = await store(await fresh())
  const trashed = await store(await fresh())
  await fetch(`${server.url}/api/boards/main/images/${trashed.id}`, { method: 'DELETE' })
  assert.equal((await server.record(left.id))!.variants, null)
  await server.stop()
  // One that it had just begun; and one that it has made, but not announced.
  await mkdir(join(server.data, 'variants', left.blob!))
  await server.start()
  const counted = counting()
  for (const side of [64, 320])
    await server.engine.blobs.put(
      await file(
        await sharp(await cornersPng(side, side))
          .webp()
          .toBuffer(),
      ),
      variantKey(known.blob!, side),
    )
  await server.pictures()
  await server.images.variants.whenIdle()
  for (const { id } of [left, known, trashed])
    assert.deepEqual((await server.record(id))!.variants, [64, 320])
  assert.equal(counted.count, 2)
  assert.deepEqual(await readdir(join(server.data, 'variants')), [])
})

test('V12: a start finds what boards that nobody opens have left', async () => {
  const board = await server.boards.create()
  await server.images.variants.close()
  const { id } = await store(await fresh(), board)
  await server.stop()
  await server.start()
  await server.images.variants.resume()
  const { records } = await server.engine.log.load(board)
  assert.deepEqual(
    records.map((record) => [record.id, 'variants' in record && record.variants]),
    [[id, [64, 320]]],
  )
})

test('V13, F8: a picture that nothing can be made of has none, and is not tried again', async () => {
  const counted = counting()
  const id = await server.announce()
  const blob = createHash('sha256').update('no picture').digest('hex')
  await server.engine.blobs.put(await file(Buffer.from('no picture')), blob)
  const facts = { bytes: 10, width: 400, height: 300, thumbhash: 'AAAA', animated: false } as const
  const settle = { kind: 'image.settle', id, blob, type: 'image/png', ...facts } as const
  const who = { visitor: 'server', role: 'server' } as const
  await server.act([settle], who)
  server.images.variants.enqueue('main', await server.record(id))
  await server.images.variants.whenIdle()
  assert.deepEqual((await server.record(id))!.variants, [])
  server.images.variants.enqueueMissing('main', await server.pictures())
  await server.images.variants.whenIdle()
  assert.equal(counted.count, 1)
})

test('D1: variants of a bomb are given up, and the next are made', async () => {
  const slow = new Decoder({ budget: { cpuSeconds: 0.1, memoryBytes: 1e9 } })
  const folder = join(server.data, 'bomb')
  await mkdir(folder)
  try {
    const path = join(folder, 'bomb.png')
    await writeFile(path, blankPng(10_000, 10_000))
    const file = { path, type: 'image/png', sides: [64], folder } as const
    await assert.rejects(slow.makeVariants(file), { code: 'too-heavy' })
    await writeFile(path, blankPng(12_000, 12_000))
    await assert.rejects(
      server.images.decoder.makeVariants(file),
      { code: 'damaged' },
      'more pixels than may be',
    )
    await writeFile(path, blankPng(100, 100))
    assert.equal((await slow.makeVariants(file)).length, 1)
  } finally {
    await slow.close()
  }
})

test('V4: variants stay while their original does, and go with it after the trash has expired', async () => {
  const { blob, id } = await store(await fresh())
  const keys = [blob!, variantKey(blob!, 64), variantKey(blob!, 320)]
  const there = () => Promise.all(keys.map((key) => server.engine.blobs.has(key)))
  await fetch(`${server.url}/api/boards/main/images/${id}`, { method: 'DELETE' })
  await later()
  const times = { ...GARBAGE_COLLECTION_TIMES, blobLeaseMs: 0 }
  await garbageCollector().collect(times)
  assert.deepEqual(await there(), [true, true, true], 'in the trash')
  await expire(id)
  await later()
  await garbageCollector().collect(GARBAGE_COLLECTION_TIMES)
  assert.equal(await server.record(id), undefined, 'the trash has expired')
  assert.deepEqual(await there(), [false, false, false], 'their lease has ended with the picture')
})

test('V14: bytes that come again while garbage is collected stay, with their variants', async () => {
  const bytes = await fresh()
  const { id, blob } = await store(bytes)
  await fetch(`${server.url}/api/boards/main/images/${id}`, { method: 'DELETE' })
  await expire(id)
  using held = await server.boards.hold('main')
  await purgeExpired(server.engine, held.board, server.boards.clock)
  assert.equal(await server.record(id), undefined)
  await later()
  const { engine } = server
  const counted = counting()
  let again: ImageRecord | undefined
  // After it has seen that no record refers to them, before it removes the first.
  const list = async function* () {
    again = await store(bytes)
    yield* engine.blobs.list()
  }
  const blobs = new Proxy(engine.blobs, {
    get(target, key) {
      const value = key === 'list' ? list : Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  await garbageCollector({ ...engine, blobs }).collect({
    ...GARBAGE_COLLECTION_TIMES,
    blobLeaseMs: 0,
  })
  assert.equal(again!.blob, blob)
  assert.equal(counted.count, 0, 'they were there')
  for (const variant of ['original', ...again!.variants!])
    assert.equal((await fetch(`${server.url}/b/main/blob/${blob}/${variant}`)).status, 200)
})

const garbageCollector = (engine: Engine = server.engine): GarbageCollector =>
  newCollector({ engine, boards: server.boards, images: server.images })

/** As if it had been trashed long ago. */
async function expire(id: string): Promise<void> {
  using held = await server.boards.hold('main')
  const { board } = held
  const record = board.records.get(id) as ImageRecord
  const { log } = server.engine
  const changes = [{ put: { ...record, deletedAt: 1 } }]
  await log.append('main', { expected: board.cursor, changes, clients: new Map() })
  await board.refresh()
}

async function file(bytes: Buffer): Promise<string> {
  const path = join(server.data, `file-${made++}`)
  await writeFile(path, bytes)
  assert.ok(await readFile(path))
  return path
}

/** How far the farthest of some colours is from what it should be. */
const far = (seen: readonly (readonly number[])[], of: readonly (readonly number[])[]): number =>
  Math.max(...seen.flatMap((colour, i) => colour.map((value, n) => Math.abs(value - of[i]![n]!))))

function isNear(
  seen: readonly (readonly number[])[],
  of: readonly (readonly number[])[],
  most: number,
): void {
  assert.ok(far(seen, of) <= most, JSON.stringify(seen))
}
