import assert from 'node:assert/strict'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ImageRecord, VARIANT_SIDES_PX } from '@wirephoto/board'
import { Harness } from '../../support/http-harness.ts'
import { cornersPng } from '../../support/sample-images.ts'
import { variantKey } from '../images/variant-key.ts'

let server: Harness
let record: ImageRecord

before(async () => {
  server = await Harness.open()
  const body = await cornersPng(400, 300)
  record = (await (
    await fetch(`${server.url}/p.png`, { method: 'PUT', body })
  ).json()) as ImageRecord
  await server.images.variants.whenIdle()
})
after(() => server.close())

const pathOf = (blob: string) => join(server.data, 'blobs', blob.slice(0, 2), blob)

/** Fails unless an answer is an error that no cache keeps and that describes no picture. */
async function assertBare(response: Response, what: string): Promise<void> {
  const { headers, status } = response
  assert.ok(status >= 400, `${what}: ${status}`)
  assert.equal(headers.get('cache-control'), 'no-store', what)
  for (const name of ['etag', 'last-modified', 'accept-ranges', 'content-disposition', 'expires'])
    assert.equal(headers.get(name), null, `${what}: ${name}`)
  const text = await response.text()
  if (text === '') return
  assert.match(headers.get('content-type') ?? '', /^application\/json/, what)
  assert.ok('error' in JSON.parse(text), what)
}

/** The addresses of the picture's bytes, each with the blob that it reads. */
function addresses(): [address: string, blob: string][] {
  const { blob, id } = record
  const at = `${server.url}/b/main/blob/${blob}`
  return [
    [`${at}/original`, blob!],
    [`${at}/${VARIANT_SIDES_PX[0]}`, variantKey(blob!, VARIANT_SIDES_PX[0])],
    [`${server.url}/api/boards/main/images/${id}/file`, blob!],
    [`${server.url}/api/boards/main/images/${id}/file?download`, blob!],
  ]
}

test('E3: a picture whose bytes are gone, or unreadable, is answered without the headers of one', async () => {
  for (const [address, blob] of addresses()) {
    assert.equal((await fetch(address)).status, 200, address)
    const path = pathOf(blob)
    await rename(path, `${path}.away`)
    for (const init of [{}, { method: 'HEAD' }, { headers: { range: 'bytes=0-9' } }])
      await assertBare(await fetch(address, init), `${address} ${JSON.stringify(init)} gone`)
    // A folder can be opened, and not read.
    await mkdir(path)
    for (const init of [{}, { headers: { range: 'bytes=0-9' } }])
      await assertBare(await fetch(address, init), `${address} ${JSON.stringify(init)} unreadable`)
    await rm(path, { recursive: true })
    await rename(`${path}.away`, path)
    assert.equal((await fetch(address)).status, 200, address)
  }
})

test('E3: refusals are kept by no cache', async () => {
  const [[original]] = addresses() as [[string, string]]
  const unsatisfiable = await fetch(original, { headers: { range: 'bytes=9999999-' } })
  assert.equal(unsatisfiable.headers.get('content-range'), `bytes */${record.bytes}`)
  await assertBare(unsatisfiable, '416')
  for (const path of [
    '/b/main/blob/nothing/original',
    '/nothing',
    '/b/main/arrivals/x',
    '/b/main/arrivals/x/preview',
  ])
    await assertBare(await fetch(server.url + path), path)
  await assertBare(await fetch(`${server.url}/api/boards/main/changes?since=%00`), 'changes')
  const created = await fetch(`${server.url}/api/boards/main/uploads`, { method: 'POST' })
  assert.equal(created.status, 412)
  await assertBare(created, '412')
})
