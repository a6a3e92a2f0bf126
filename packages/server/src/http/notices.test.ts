import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { NOTICES_HEADER, type Notice, type StoredImage } from '@wirephoto/board'
import sharp from 'sharp'
import { Harness } from '../../support/http-harness.ts'
import { CORNERS_JXL, MOVING_JXL } from '../../support/jxl-images.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'

const TOKEN = 'a'.repeat(22)
const ANNA = createHash('sha256').update(TOKEN).digest('base64url').slice(0, 22)
const AUTHORIZATION = { authorization: `Bearer ${TOKEN}` }
const UPLOADS = `/api/boards/${DEFAULT_BOARD_ID}/uploads`
const TUS = { 'tus-resumable': '1.0.0', ...AUTHORIZATION }
const PART = { ...TUS, 'content-type': 'application/offset+octet-stream' }
const SVG = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9" fill="var(--ink)"/>' +
    '<foreignObject width="9" height="9"><p xmlns="http://www.w3.org/1999/xhtml">hi</p></foreignObject></svg>',
)
const NAME = 'Plan – Übersicht.svg'
const NOTICES = [
  {
    code: 'svg-incomplete',
    message: `${NAME} was drawn without the text of its labels and colours of its style sheet. Export it as PNG to keep that.`,
  },
]

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

const noticesIn = (response: Response): readonly Notice[] | null =>
  JSON.parse(decodeURIComponent(response.headers.get(NOTICES_HEADER) ?? 'null'))

test('U17, U19, F14: the answer to POST, PUT and a form has the notices', async () => {
  const images = `${server.url}/api/boards/${DEFAULT_BOARD_ID}/images`
  const form = new FormData()
  form.set('file', new Blob([SVG]), NAME)
  for (const [url, sent] of [
    [`${images}?name=${encodeURIComponent(NAME)}`, { method: 'POST', body: SVG }],
    [`${server.url}/${encodeURIComponent(NAME)}`, { method: 'PUT', body: SVG }],
    [images, { method: 'POST', body: form }],
  ] as const) {
    const response = await fetch(url, sent)
    assert.equal(response.status, 201)
    assert.deepEqual(((await response.json()) as StoredImage).notices, NOTICES)
  }
  const plain = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>')
  const stored = await fetch(images, { method: 'POST', body: plain })
  assert.deepEqual(((await stored.json()) as StoredImage).notices, [])
})

test('U17: a resumable upload is told in the last answer, and when it is asked again', async () => {
  const id = await server.announce(NAME, ANNA)
  const metadata = `id ${Buffer.from(id).toString('base64')}`
  const creation = { 'upload-length': String(SVG.length), 'upload-metadata': metadata }
  const create = (body?: Buffer) =>
    fetch(server.url + UPLOADS, {
      method: 'POST',
      headers: { ...(body ? PART : TUS), ...creation },
      ...(body && { body }),
    })
  const begun = await create(SVG.subarray(0, 50))
  assert.equal(noticesIn(begun), null)
  const last = await fetch(`${server.url}${UPLOADS}/${id}`, {
    method: 'PATCH',
    headers: { ...PART, 'upload-offset': '50' },
    body: SVG.subarray(50),
  })
  assert.equal(last.status, 204)
  assert.deepEqual(noticesIn(last), NOTICES)
  const head = await fetch(`${server.url}${UPLOADS}/${id}`, { method: 'HEAD', headers: TUS })
  assert.deepEqual(noticesIn(head), NOTICES)
})

test('U20: the senders of a motion photo and of a moving JPEG XL are told that they stand still', async () => {
  const still = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#369' } })
    .jpeg()
    .toBuffer()
  const film = Buffer.from('MotionPhoto_Data\0\0\0\x18ftypmp42\0\0\0\0isommp42', 'latin1')
  for (const [name, bytes, message] of [
    [
      'PXL_1.jpg',
      Buffer.concat([still, film]),
      'Added the still of PXL_1.jpg; its video stays with you.',
    ],
    ['a.jxl', MOVING_JXL, 'Added the first frame of a.jxl; save it as GIF to see it move.'],
    ['b.jpg', still, null],
    ['b.jxl', CORNERS_JXL, null],
  ] as const) {
    const response = await fetch(`${server.url}/${name}`, {
      method: 'PUT',
      body: new Uint8Array(bytes),
    })
    const { notices, animated } = (await response.json()) as StoredImage
    assert.deepEqual(
      [notices.map((notice) => notice.message), animated],
      [message ? [message] : [], false],
    )
  }
})
