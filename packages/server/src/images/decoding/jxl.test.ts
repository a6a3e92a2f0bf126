import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ImageRecord, STAND_IN_SIDE_PX, type StoredImage } from '@wirephoto/board'
import sharp from 'sharp'
import { CANARY } from '../../../support/canary-images.ts'
import { errorOf, Harness } from '../../../support/http-harness.ts'
import {
  CORNERS_JXL,
  jxlContainer,
  MOVING_JXL,
  TRANSLUCENT_JXL,
  TURNED_JXL,
} from '../../../support/jxl-images.ts'
import { CORNERS, readCorners } from '../../../support/sample-images.ts'

/** The most by which a colour may differ after WebP. */
const TOLERANCE = 0x0c

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

const put = (bytes: Buffer, name = 'a.jxl') =>
  fetch(`${server.url}/${name}`, { method: 'PUT', body: new Uint8Array(bytes) })

async function store(bytes: Buffer): Promise<ImageRecord> {
  const response = await put(bytes)
  const body = (await response.json()) as StoredImage
  assert.equal(response.status, 201, JSON.stringify(body))
  await server.images.variants.whenIdle()
  return (await server.record(body.id))!
}

async function read(path: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(server.url + path)).arrayBuffer())
}

const standIn = ({ blob }: ImageRecord): Promise<Buffer> =>
  read(`/b/main/blob/${blob}/${STAND_IN_SIDE_PX}`)

function isLike(found: readonly number[][], expected: readonly (readonly number[])[]): void {
  for (const [i, colour] of found.entries())
    for (const [j, value] of colour.entries())
      assert.ok(Math.abs(value - expected[i]![j]!) <= TOLERANCE, JSON.stringify([found, expected]))
}

test('V28: a JPEG XL is taken, bare or in a container, and shown by its stand-in', async () => {
  for (const bytes of [CORNERS_JXL, jxlContainer(CORNERS_JXL, CANARY)]) {
    const record = await store(bytes)
    const { type, width, height, variants, animated } = record
    assert.deepEqual(
      [type, width, height, variants, animated],
      ['image/jxl', 40, 30, [STAND_IN_SIDE_PX], false],
    )
    isLike(await readCorners(await standIn(record)), CORNERS)
  }
})

test('V28, M5: what its boxes tell is overwritten, in the download too', async () => {
  const sent = jxlContainer(CORNERS_JXL, CANARY)
  const { id, bytes } = await store(sent)
  const file = await read(`/api/boards/main/images/${id}/file?download`)
  assert.deepEqual([bytes, file.length], [sent.length, sent.length])
  assert.equal(file.includes(CANARY.slice(0, 4)), false)
  assert.ok(file.includes(CORNERS_JXL))
})

test('V28, X16: a box that says what kind of file it is says nothing else', async () => {
  const plain = jxlContainer(CORNERS_JXL, CANARY)
  const at = plain.indexOf('ftyp')
  const sent = Buffer.concat([
    plain.subarray(0, at + 16),
    Buffer.from(CANARY),
    plain.subarray(at + 16),
  ])
  sent.writeUInt32BE(20 + CANARY.length, at - 4)
  const { id } = await store(sent)
  const file = await read(`/api/boards/main/images/${id}/file?download`)
  assert.deepEqual([file.length, file.includes(CANARY)], [sent.length, false])
})

test('V28: it stands upright, with its alpha, and shows its first frame', async () => {
  const turned = await store(TURNED_JXL)
  assert.deepEqual([turned.width, turned.height], [30, 40])
  const [topLeft, topRight, bottomLeft, bottomRight] = CORNERS
  isLike(await readCorners(await standIn(turned)), [bottomLeft, topLeft, bottomRight, topRight])

  const translucent = await standIn(await store(TRANSLUCENT_JXL))
  const { data } = await sharp(translucent).raw().toBuffer({ resolveWithObject: true })
  isLike([[...data.subarray(0, 4)]], [[30, 60, 220, 128]])

  isLike(await readCorners(await standIn(await store(MOVING_JXL))), CORNERS)
})

test('V28, D6: one that is cut off or lies is refused, and the next one is taken', async () => {
  for (const bytes of [
    CORNERS_JXL.subarray(0, 30),
    TURNED_JXL.subarray(0, 600),
    Buffer.concat([CORNERS_JXL.subarray(0, 20), Buffer.alloc(400, 0xa5)]),
    jxlContainer(CORNERS_JXL, CANARY).subarray(0, 100),
    Buffer.from([0xff, 0x0a]),
  ]) {
    const { code } = await errorOf(await put(bytes))
    assert.equal(code, 'damaged')
  }
  await store(CORNERS_JXL)
})
