import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ImageRecord } from '@wirephoto/board'
import sharp from 'sharp'
import { errorOf, Harness } from '../../support/http-harness.ts'

let server: Harness
let png: Buffer
let record: ImageRecord
let blob: string
let file: string

before(async () => {
  server = await Harness.open()
  const background = '#07c'
  png = await sharp({ create: { width: 90, height: 60, channels: 3, background } })
    .png()
    .toBuffer()
  const name = encodeURIComponent('Übersicht "1".png')
  record = (await (
    await fetch(`${server.url}/${name}`, { method: 'PUT', body: png })
  ).json()) as ImageRecord
  blob = `${server.url}/b/main/blob/${record.blob}/original`
  file = `${server.url}/api/boards/main/images/${record.id}/file`
})
after(() => server.close())

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

test('H6, F9: stored bytes are served so that they can only be looked at', async () => {
  for (const address of [blob, file]) {
    const response = await fetch(address)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'image/png')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(response.headers.get('content-security-policy'), "sandbox; default-src 'none'")
    assert.equal(response.headers.get('cross-origin-resource-policy'), 'same-origin')
    assert.deepEqual(await bytesOf(response), png)
  }
  const kept = await fetch(blob)
  assert.equal(kept.headers.get('cache-control'), 'private, max-age=31536000, immutable')
  assert.equal(kept.headers.get('set-cookie'), null)
})

test('H3: a blob is served to a board that has a picture with it, and to no other', async () => {
  const id = await server.boards.create()
  for (const address of [
    blob.replace('/main/', `/${id}/`),
    blob.replace('/main/', '/nowhere/'),
    blob.replace(record.blob!, '0'.repeat(64)),
    blob.replace(record.blob!, '..%2F..%2Fwirephoto.db'),
    blob.replace('original', '320'),
  ])
    assert.equal((await fetch(address)).status, 404, address)
})

test('H4: a download has the name that the picture came with', async () => {
  const download = await fetch(`${file}?download`)
  assert.equal(
    download.headers.get('content-disposition'),
    `attachment; filename="?bersicht \\"1\\".png"; filename*=UTF-8''%C3%9Cbersicht%20%221%22.png`,
  )
  assert.deepEqual(await bytesOf(download), png)
  assert.match((await fetch(file)).headers.get('content-disposition')!, /^inline; /)
})

test('a part of a file can be asked for, and none of what is known', async () => {
  const ask = (headers: Record<string, string>, method = 'GET') => fetch(file, { headers, method })
  const { length } = png
  const cases: [string, number, Buffer, string | null][] = [
    ['bytes=0-9', 206, png.subarray(0, 10), `bytes 0-9/${length}`],
    ['bytes=10-', 206, png.subarray(10), `bytes 10-${length - 1}/${length}`],
    ['bytes=-7', 206, png.subarray(-7), `bytes ${length - 7}-${length - 1}/${length}`],
    [`bytes=5-${length * 2}`, 206, png.subarray(5), `bytes 5-${length - 1}/${length}`],
    [`bytes=-${length * 2}`, 206, png, `bytes 0-${length - 1}/${length}`],
    ['bytes=0-1,4-5', 200, png, null],
    ['bytes=9-5', 200, png, null],
    ['lines=1-2', 200, png, null],
  ]
  for (const [range, status, body, contentRange] of cases) {
    const response = await ask({ range })
    assert.deepEqual([range, response.status], [range, status])
    assert.equal(response.headers.get('content-range'), contentRange)
    assert.deepEqual(await bytesOf(response), body)
  }
  for (const range of [`bytes=${length}-`, 'bytes=-0']) {
    const beyond = await ask({ range })
    assert.deepEqual(
      [beyond.status, beyond.headers.get('content-range')],
      [416, `bytes */${length}`],
    )
  }

  const etag = (await ask({})).headers.get('etag')!
  assert.equal((await ask({ 'if-none-match': `"other", ${etag}` })).status, 304)
  assert.equal((await ask({ 'if-none-match': '"other"' })).status, 200)
  assert.equal((await ask({ range: 'bytes=0-0', 'if-range': etag })).status, 206)
  assert.equal((await ask({ range: 'bytes=0-0', 'if-range': '"other"' })).status, 200)
  const head = await ask({}, 'HEAD')
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(length)])
  assert.equal((await bytesOf(head)).length, 0)
})

test('a picture in the trash is still served; one that arrives is not there yet', async () => {
  await fetch(`${server.url}/api/boards/main/images/${record.id}`, { method: 'DELETE' })
  assert.equal((await fetch(blob)).status, 200)
  const arriving = await server.announce()
  const response = await fetch(file.replace(record.id, arriving))
  assert.deepEqual([response.status, (await errorOf(response)).code], [404, 'not-found'])
})
