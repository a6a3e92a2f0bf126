import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import sharp from 'sharp'
import { Harness } from '../../support/http-harness.ts'
import { variantKey } from '../images/variant-key.ts'

/** Longer than a file that is verified before its head is sent. */
const LARGE_SIDE_PX = 500

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

/** Makes a picture of noise, which no other test has sent. */
const noise = (side: number): Promise<Buffer> =>
  sharp({
    create: {
      width: side,
      height: side,
      channels: 3,
      background: '#777',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  })
    .png()
    .toBuffer()

async function send(png: Buffer): Promise<{ record: ImageRecord; status: number }> {
  const answer = await fetch(`${server.url}/p.png`, { method: 'PUT', body: new Uint8Array(png) })
  const { id } = (await answer.json()) as ImageRecord
  await server.images.variants.whenIdle()
  return { record: (await server.record(id))!, status: answer.status }
}

const pathOf = (name: string) => join(server.data, 'blobs', name.slice(0, 2), name)
const originalOf = (blob: string) => `${server.url}/b/main/blob/${blob}/original`

async function damage(name: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(pathOf(name), change(await readFile(pathOf(name))))
}

const flip = (part: number) => (bytes: Buffer) => {
  bytes[Math.min(bytes.length - 1, Math.floor(bytes.length * part))]! ^= 4
  return bytes
}
const cut = (part: number) => (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * part))

/** Reads an address to its end; null for a body that breaks off. */
async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers })
  const bytes = await response.arrayBuffer().then(Buffer.from, () => null)
  return { response, bytes, cached: response.headers.get('cache-control') }
}

async function faults(): Promise<number> {
  const { values } = await server.images.files.faults.get()
  return values.reduce((sum, { value }) => sum + value, 0)
}

test('C17, C18, C16: no rotten or cut off file is served whole, each is counted once, and the same bytes heal it', async () => {
  for (const side of [90, LARGE_SIDE_PX]) {
    const png = await noise(side)
    const { record } = await send(png)
    const url = originalOf(record.blob!)
    assert.deepEqual((await get(url)).bytes, png)
    for (const change of [flip(0), flip(0.1), flip(0.5), flip(1), cut(0), cut(0.5), cut(0.99)]) {
      const before = await faults()
      await damage(record.blob!, change)
      for (let round = 0; round < 3; round++) {
        const { response, bytes, cached } = await get(url)
        if (response.status === 200) assert.equal(bytes, null, 'the connection broke off')
        else {
          assert.equal(response.status, 500)
          assert.equal(cached, 'no-store')
          assert.equal(response.headers.get('etag'), null)
        }
        if (round > 0) assert.equal(response.status, 500, 'a file that is known to be rotten')
      }
      assert.equal((await get(url, { range: 'bytes=0-9' })).response.status, 500)
      assert.equal((await fetch(url, { method: 'HEAD' })).status, 500)
      assert.equal(await faults(), before + 1)
      assert.equal((await send(png)).status, 201)
      assert.deepEqual((await get(url)).bytes, png)
      assert.match((await get(url)).cached!, /immutable/)
    }
  }
})

test('C17: a part of a file that is cut off is refused before its head', async () => {
  const { record } = await send(await noise(LARGE_SIDE_PX))
  await damage(record.blob!, cut(0.5))
  const { response, cached } = await get(originalOf(record.blob!), { range: 'bytes=0-9' })
  assert.deepEqual([response.status, cached], [500, 'no-store'])
})

test('C19: a file that is gone is told as such, counted once, and kept by nobody', async () => {
  const png = await noise(80)
  const { record } = await send(png)
  await rm(pathOf(record.blob!))
  const before = await faults()
  for (let round = 0; round < 2; round++) {
    const { response, cached } = await get(originalOf(record.blob!))
    assert.deepEqual([response.status, cached], [404, 'no-store'])
  }
  assert.equal(await faults(), before + 1)
  await send(png)
  assert.deepEqual((await get(originalOf(record.blob!))).bytes, png)
})

test('C19: the source of a drawing that rots is refused, and its picture is not', async () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><circle r="9"/></svg>'
  const { record } = await send(Buffer.from(svg))
  const file = `${server.url}/api/boards/main/images/${record.id}/file`
  assert.equal((await get(`${file}?download`)).response.status, 200)
  await damage(record.original!.blob, flip(0.5))
  assert.equal((await get(`${file}?download`)).response.status, 500)
  assert.equal((await get(file)).response.status, 200)
})

test('C20, C21: a variant that is lost, rotten or cut off is not served, and is made again', async () => {
  const { record } = await send(await noise(LARGE_SIDE_PX))
  const [, side] = record.variants!
  const key = variantKey(record.blob!, side!)
  const url = () => `${server.url}/b/main/blob/${record.blob}/${side}`
  const good = (await get(url())).bytes!
  assert.equal((await sharp(good).metadata()).width, side)
  for (const part of [0, 0.01, 0.3, 0.7, 0.99, 1])
    for (const change of [flip(part), cut(part * 0.999)]) {
      await damage(key, change)
      const { response, cached } = await get(url())
      assert.deepEqual([response.status, cached], [404, 'no-store'], `at ${part}`)
      // The first one is made again; the next ones aren't, so soon after it.
      await server.images.variants.whenIdle()
      await writeFile(pathOf(key), good)
    }
  await server.stop()
  await server.start()
  for (const lose of [() => rm(pathOf(key)), () => damage(key, flip(0.5))]) {
    await lose()
    assert.equal((await get(url())).response.status, 404)
    await server.images.variants.whenIdle()
    const { response, bytes } = await get(url())
    assert.equal(response.status, 200)
    assert.equal((await sharp(bytes!).metadata()).width, side)
    // It is made again once in a while, not at each request.
    await server.stop()
    await server.start()
  }
})

test('C20: nothing is made of a rotten picture, and the same bytes heal its variants too', async () => {
  const png = await noise(LARGE_SIDE_PX)
  const { record } = await send(png)
  const key = variantKey(record.blob!, 320)
  await damage(record.blob!, flip(0.6))
  await damage(key, flip(0.6))
  const url = `${server.url}/b/main/blob/${record.blob}/320`
  assert.equal((await get(url)).response.status, 404)
  await server.images.variants.whenIdle()
  assert.equal((await get(url)).response.status, 404)
  assert.deepEqual((await server.record(record.id))!.variants, record.variants)
  await send(png)
  assert.equal((await get(url)).response.status, 200)
})
