import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import {
  type ImageRecord,
  type StoredImage,
  SVG_DRAWING_END,
  SVG_DRAWING_START,
  uuidv7,
} from '@wirephoto/board'
import sharp from 'sharp'
import { CANARY } from '../../support/canary-images.ts'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { newCollector } from '../../support/new-collector.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { GARBAGE_COLLECTION_TIMES } from '../images/garbage-collector.ts'

const SVG = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><title>${CANARY}</title>` +
    '<rect width="40" height="30" fill="#369"/><script>alert(1)</script></svg>',
)
const NAME = 'Plan für zwei.svg'

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

async function store(bytes = SVG): Promise<ImageRecord> {
  const put = { method: 'PUT', body: new Uint8Array(bytes) }
  const response = await fetch(`${server.url}/${encodeURIComponent(NAME)}`, put)
  const { id } = (await response.json()) as StoredImage
  assert.equal(response.status, 201)
  await server.images.variants.whenIdle()
  return (await server.record(id))!
}

const fileOf = (id: string, query = '') =>
  fetch(`${server.url}/api/boards/${DEFAULT_BOARD_ID}/images/${id}/file${query}`)

test('V29, V31: the source of an SVG is downloaded scrubbed, as an attachment that can do nothing', async () => {
  const { id, type, original } = await store()
  assert.deepEqual(
    [type, original?.type, original?.bytes],
    ['image/png', 'image/svg+xml', SVG.length],
  )
  const download = await fileOf(id, '?download')
  const bytes = Buffer.from(await download.arrayBuffer())
  assert.equal(bytes.length, SVG.length)
  assert.equal(createHash('sha256').update(bytes).digest('hex'), original!.blob)
  assert.match(bytes.toString(), /<rect width="40" height="30" fill="#369"\/>/)
  for (const gone of [CANARY, 'alert']) assert.equal(bytes.includes(gone), false)
  const { headers } = download
  assert.match(headers.get('content-disposition')!, /^attachment; .*Plan%20f%C3%BCr%20zwei\.svg/)
  assert.equal(headers.get('content-type'), 'image/svg+xml')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('content-security-policy'), "sandbox; default-src 'none'")
})

test('V29, F9: no address shows the source', async () => {
  const { id, blob, original } = await store()
  const shown = await fileOf(id)
  assert.equal(shown.headers.get('content-type'), 'image/png')
  assert.match(shown.headers.get('content-disposition')!, /^inline; .*\.png/)
  const board = `${server.url}/b/${DEFAULT_BOARD_ID}/blob`
  assert.equal((await fetch(`${board}/${blob}/original`)).status, 200)
  for (const path of ['original', '64', '1280', '4096']) {
    const response = await fetch(`${board}/${original!.blob}/${path}`)
    assert.equal(response.status, 404, path)
    assert.equal((await errorOf(response)).code, 'not-found')
  }
})

test('V30: the source stays with its picture and its copies, and goes with the last of them', async () => {
  const { id, original } = await store()
  const copyId = uuidv7(Date.now(), new Uint8Array(10))
  await server.act([{ kind: 'image.copy', id: copyId, sourceId: id, x: 0, y: 0 }])
  assert.deepEqual((await server.record(copyId))!.original, original)
  const { engine, boards, images } = server
  const collector = newCollector({ engine, boards, images })
  const collect = () => collector.collect({ ...GARBAGE_COLLECTION_TIMES, blobLeaseMs: -1_000 })
  const purge = async (picture: string) => {
    await server.act([{ kind: 'image.remove', id: picture }])
    await server.act([{ kind: 'image.erase', id: picture }])
  }
  await purge(id)
  await collect()
  assert.equal((await fileOf(copyId, '?download')).status, 200)
  for (const record of await server.pictures())
    if (record.original?.blob === original!.blob) await purge(record.id)
  await collect()
  const left: string[] = []
  for await (const blob of engine.blobs.list()) left.push(blob)
  assert.equal(left.includes(original!.blob), false)
})

test('V29, U5: the upload of an SVG that is stored is complete at the length of its source', async () => {
  const { id } = await store()
  const tus = { 'tus-resumable': '1.0.0' }
  const uploads = `${server.url}/api/boards/${DEFAULT_BOARD_ID}/uploads`
  const head = await fetch(`${uploads}/${id}`, { method: 'HEAD', headers: tus })
  assert.equal(head.headers.get('upload-offset'), String(SVG.length))
})

test('V31: a source that cannot be read as text is not kept, and its picture is', async () => {
  const entity = `<!DOCTYPE svg [<!ENTITY a "<title>${CANARY}</title>">]>`
  const { original, type } = await store(
    Buffer.from(entity + SVG.toString().replace('</svg>', '&a;</svg>')),
  )
  assert.deepEqual([type, original], ['image/png', null])
})

test('V6, U19: the drawing that a page sends is stored, scrubbed, and its source without it', async () => {
  const drawing = await sharp({
    create: { width: 80, height: 60, channels: 3, background: '#f0f' },
  })
    .withExif({ IFD0: { Artist: CANARY } })
    .png()
    .toBuffer()
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3" fill="var(--a)"/>'
  const code = drawing.toString('base64')
  const sent = Buffer.from(`${svg}${SVG_DRAWING_START}${code}${SVG_DRAWING_END}`)
  const { id, width, height, blob } = await store(sent)
  assert.deepEqual([width, height], [80, 60])
  const shown = await (await fetch(`${server.url}/b/main/blob/${blob}/original`)).arrayBuffer()
  const { data } = await sharp(shown).raw().toBuffer({ resolveWithObject: true })
  assert.deepEqual([...data.subarray(0, 3)], [255, 0, 255])
  assert.equal(Buffer.from(shown).includes(CANARY.slice(0, 6)), false)
  assert.equal(await (await fileOf(id, '?download')).text(), svg)

  for (const [code, status] of [
    [drawing.subarray(0, 60).toString('base64'), 422],
    [Buffer.from('no picture').toString('base64'), 422],
    ['no base64!', 201],
  ] as const) {
    const body = `${svg.replace('"4"', '"5"')}${SVG_DRAWING_START}${code}${SVG_DRAWING_END}`
    const response = await fetch(`${server.url}/a.svg`, { method: 'PUT', body })
    assert.equal(response.status, status, code)
  }
  assert.deepEqual(await server.incomingFileNames(), [])
})
