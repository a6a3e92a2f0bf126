import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { errorOf, Harness } from '../../../support/http-harness.ts'

const [COMPRESSION, PHOTOMETRIC] = [259, 262]
const [NONE, LZMA, ZSTD, LAB] = [1, 34_925, 50_000, 8]

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

/** Makes a TIFF, and writes another value into a field of its directory. */
async function tiff(tag: number, value: number): Promise<Buffer<ArrayBuffer>> {
  const bytes = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c30' } })
    .tiff({ compression: 'none' })
    .toBuffer()
  const directory = bytes.readUInt32LE(4)
  for (let at = directory + 2; at < directory + 2 + bytes.readUInt16LE(directory) * 12; at += 12)
    if (bytes.readUInt16LE(at) === tag) bytes.writeUInt16LE(value, at + 8)
  return Buffer.from(bytes)
}

const put = async (body: Buffer<ArrayBuffer>) =>
  fetch(`${server.url}/scan.tif`, { method: 'PUT', body })

test('F8: a TIFF that only our decoder cannot read is not called damaged', async () => {
  assert.equal((await put(await tiff(COMPRESSION, NONE))).status, 201)
  for (const [tag, value] of [
    [COMPRESSION, ZSTD],
    [COMPRESSION, LZMA],
    [PHOTOMETRIC, LAB],
  ] as const) {
    const response = await put(await tiff(tag, value))
    const { code, message } = await errorOf(response)
    assert.deepEqual([tag, value, code], [tag, value, 'unreadable-tiff'])
    assert.match(message, /^scan\.tif .*kind of TIFF.*Export it as PNG or JPEG\.$/)
  }
  const cut = await put((await tiff(COMPRESSION, NONE)).subarray(0, 400))
  assert.equal((await errorOf(cut)).code, 'damaged')
})
