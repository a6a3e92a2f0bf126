import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { StoredImage } from '@wirephoto/board'
import sharp from 'sharp'
import { CANARY } from '../../../support/canary-images.ts'
import { errorOf, Harness } from '../../../support/http-harness.ts'
import { createPsd } from '../../../support/psd-images.ts'
import { CORNERS, readCorners } from '../../../support/sample-images.ts'

const [WIDTH_PX, HEIGHT_PX] = [40, 30]
/** A resource of Photoshop's: its first four bytes are a version, the next says whether there is a picture. */
const VERSION_INFO = 0x421

/** Returns the planes of a picture with `CORNERS`. */
const planes = [0, 1, 2].map((channel) =>
  Buffer.from(
    Array.from({ length: WIDTH_PX * HEIGHT_PX }, (_, i) => {
      const [x, y] = [i % WIDTH_PX, Math.floor(i / WIDTH_PX)]
      return CORNERS[(y >= HEIGHT_PX / 2 ? 2 : 0) + (x >= WIDTH_PX / 2 ? 1 : 0)]![channel]!
    }),
  ),
)
const psd = (options = {}, all = planes): Buffer => createPsd(WIDTH_PX, HEIGHT_PX, all, options)

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

const put = (bytes: Buffer) =>
  fetch(`${server.url}/poster.psd`, { method: 'PUT', body: new Uint8Array(bytes) })

async function store(bytes: Buffer): Promise<StoredImage & { file: Buffer }> {
  const response = await put(bytes)
  const body = (await response.json()) as StoredImage
  assert.equal(response.status, 201, JSON.stringify(body))
  const file = await fetch(`${server.url}/b/main/blob/${body.blob}/original`)
  return { ...body, file: Buffer.from(await file.arrayBuffer()) }
}

test('V32: of a Photoshop file the merged picture is stored, as PNG', async () => {
  for (const options of [
    {},
    { isPacked: true },
    { depth: 16 },
    { depth: 16, version: 2 },
    { version: 2, isPacked: true },
  ]) {
    const { type, width, height, original, file } = await store(psd(options))
    assert.deepEqual([type, width, height, original], ['image/png', WIDTH_PX, HEIGHT_PX, null])
    assert.deepEqual(await readCorners(file), CORNERS, JSON.stringify(options))
  }
  const grey = await store(psd({ mode: 1 }, [planes[0]!]))
  assert.deepEqual(
    await readCorners(grey.file),
    CORNERS.map(([red]) => [red, red, red]),
  )
  const palette = Buffer.concat([0, 1, 2].map((channel) => Buffer.alloc(256, channel * 10)))
  const indexed = await store(psd({ mode: 2, palette }, [planes[0]!]))
  assert.deepEqual((await readCorners(indexed.file))[0], [0, 10, 20])
})

test('V32, U17: its sender is told of the layers, and nothing of them is kept', async () => {
  const alpha = Buffer.alloc(WIDTH_PX * HEIGHT_PX, 128)
  const { notices, file } = await store(psd({ layer: CANARY }, [...planes, alpha]))
  assert.deepEqual(notices, [
    {
      code: 'merged-layers',
      message: 'Added poster.psd as one picture; its layers stay with you.',
    },
  ])
  assert.equal(file.includes(CANARY), false)
  const { data } = await sharp(file).raw().toBuffer({ resolveWithObject: true })
  // The merged picture lies on white: (230 - 127) * 255 / 128.
  assert.deepEqual([...data.subarray(0, 4)], [205, 0, 0, 128])
  assert.deepEqual((await store(psd())).notices, [])
})

test('V32, U15: one without a merged picture, in inks, or cut off is refused in words', async () => {
  const unmerged = Buffer.from([0, 0, 0, 1, 0])
  for (const bytes of [
    psd({ resources: new Map([[VERSION_INFO, unmerged]]) }),
    psd({ mode: 4 }, [...planes, planes[0]!]),
  ]) {
    const { code, message } = await errorOf(await put(bytes))
    assert.equal(code, 'document')
    assert.match(message, /^poster\.psd is a Photoshop file .*\. Export it as PNG and add that\.$/)
  }
  for (const length of [20, 60, 400]) {
    const { code } = await errorOf(await put(psd().subarray(0, length)))
    assert.equal(code, 'damaged', String(length))
  }
  assert.deepEqual(await server.incomingFileNames(), [])
})
