import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import sharp from 'sharp'
import { Upload, type UploadOptions } from 'tus-js-client'
import { errorOf, Harness } from '../../support/http-harness.ts'

const TOKEN = 'a'.repeat(22)
const ANNA = createHash('sha256').update(TOKEN).digest('base64url').slice(0, 22)
const headers = { authorization: `Bearer ${TOKEN}` }
/** The package's types are older than its option. */
interface Options extends UploadOptions {
  readonly protocol: 'tus-v1' | (typeof PROTOCOLS)[number]
}
const PART_BYTES = 400_000
const PROTOCOLS = ['ietf-draft-03', 'ietf-draft-05'] as const
const VERSIONS = { 'ietf-draft-03': '5', 'ietf-draft-05': '6' }

let server: Harness
let picture: Buffer
let endpoint: string
before(async () => {
  server = await Harness.open()
  const noise = { width: 700, height: 600, channels: 3 } as const
  picture = await sharp(randomBytes(700 * 600 * 3), { raw: noise })
    .png()
    .toBuffer()
  assert.ok(picture.length > 2 * PART_BYTES)
  endpoint = `${server.url}/api/boards/main/uploads`
})
after(() => server.close())

const announce = () => server.announce('p.png', ANNA)

/** Sends a picture as tus-js-client does, or its first part only. Resolves to where its upload is. */
function send(id: string, options: Options, isFirstPart = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(picture, {
      endpoint,
      headers,
      metadata: { id },
      chunkSize: PART_BYTES,
      retryDelays: [],
      onError: reject,
      ...(isFirstPart
        ? { onChunkComplete: () => void upload.abort().then(() => resolve(upload.url!)) }
        : { onSuccess: () => resolve(upload.url!) }),
      ...options,
    })
    upload.start()
  })
}

async function assertStored(id: string): Promise<void> {
  const record = await server.record(id)
  assert.equal(record?.bytes, picture.length)
  const file = await fetch(`${server.url}/api/boards/main/images/${id}/file`)
  assert.deepEqual(Buffer.from(await file.arrayBuffer()), picture)
}

for (const protocol of PROTOCOLS) {
  test(`H75: ${protocol}: tus-js-client sends a picture, in parts and in one`, async () => {
    for (const uploadDataDuringCreation of [false, true])
      for (const chunkSize of [PART_BYTES, Number.POSITIVE_INFINITY]) {
        const id = await announce()
        await send(id, { protocol, uploadDataDuringCreation, chunkSize })
        await assertStored(id)
      }
  })

  test(`H75: ${protocol}: an upload goes on where it stands, and by tus`, async () => {
    for (const next of [protocol, 'tus-v1'] as const) {
      const id = await announce()
      const uploadUrl = await send(id, { protocol }, true)
      const state = await fetch(uploadUrl, {
        method: 'HEAD',
        headers: { ...headers, 'upload-draft-interop-version': VERSIONS[protocol] },
      })
      assert.deepEqual(
        ['upload-offset', 'upload-complete', 'upload-draft-interop-version', 'cache-control'].map(
          (name) => state.headers.get(name),
        ),
        [String(PART_BYTES), '?0', VERSIONS[protocol], 'no-store'],
      )
      assert.equal(state.headers.get('tus-resumable'), null)
      await send(id, { protocol: next, uploadUrl })
      await assertStored(id)
    }
    const id = await announce()
    const uploadUrl = await send(id, { protocol: 'tus-v1' }, true)
    await send(id, { protocol, uploadUrl })
    await assertStored(id)
  })

  test(`H75: ${protocol}: a part at another offset is told the right one`, async () => {
    const id = await announce()
    const uploadUrl = await send(id, { protocol }, true)
    const patch = (offset: number, complete: string) =>
      fetch(uploadUrl, {
        method: 'PATCH',
        headers: {
          ...headers,
          'content-type': 'application/partial-upload',
          'upload-draft-interop-version': VERSIONS[protocol],
          'upload-offset': String(offset),
          'upload-complete': complete,
        },
        body: Buffer.from(picture.subarray(offset, offset + 1_000)),
      })
    const wrong = await patch(PART_BYTES - 1, '?0')
    assert.deepEqual([wrong.status, wrong.headers.get('upload-offset')], [409, String(PART_BYTES)])
    assert.equal((await errorOf(wrong)).code, 'wrong-offset')
    const short = await patch(PART_BYTES, '?1')
    assert.equal((await errorOf(short)).code, 'bad-request')
    const ended = await fetch(uploadUrl, {
      method: 'DELETE',
      headers: { ...headers, 'upload-draft-interop-version': VERSIONS[protocol] },
    })
    assert.equal(ended.status, 204)
    assert.equal(await server.record(id), undefined)
  })
}

test('H75: where a body is whole, its length is that of the file', async () => {
  const id = await announce()
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'image/png',
      'upload-draft-interop-version': '5',
      'upload-complete': '?1',
      'upload-metadata': `id ${btoa(id)}`,
    },
    body: Buffer.from(picture),
  })
  assert.equal(response.status, 201)
  assert.equal(response.headers.get('upload-complete'), '?1')
  await assertStored(id)
})
