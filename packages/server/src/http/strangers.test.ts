import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, type TestContext, test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { Harness } from '../../support/http-harness.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'

const UPLOADS = `/api/boards/${DEFAULT_BOARD_ID}/uploads`
const OCTETS = { 'content-type': 'application/offset+octet-stream' }

/** Somebody who asks: by a token, or by nothing but an address. */
interface Asker {
  readonly token?: string
  readonly address?: string
  /** A cookie that an answer has set. */
  readonly cookie?: string | undefined
}

const anna: Asker = { token: 'a'.repeat(22) }
const ben: Asker = { token: 'b'.repeat(22) }
/** Keep no cookie, as curl and browsers that refuse site data. */
const [anonymous, anonymousElsewhere]: Asker[] = [
  { address: '127.0.0.2' },
  { address: '127.0.0.3' },
]

let server: Harness
let picture: Buffer
before(async () => {
  server = await Harness.open()
  const raw = { width: 400, height: 300, channels: 3 } as const
  picture = await sharp(randomBytes(400 * 300 * 3), { raw })
    .png()
    .toBuffer()
})
after(() => server.close())

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: Buffer | string
}

function start({ token, address, cookie }: Asker, { method, path, headers }: Omit<Sent, 'body'>) {
  const from = address === undefined ? {} : { localAddress: address }
  const known = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return httpRequest(`http://127.0.0.1:${server.port}${path}`, {
    ...from,
    agent: false,
    method,
    headers: { 'tus-resumable': '1.0.0', ...known, ...(cookie && { cookie }), ...headers },
  })
}

async function ask(who: Asker, { body, ...sent }: Sent) {
  const request = start(who, sent)
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const { error } = JSON.parse((await text(response)) || '{}') as { error?: { code: string } }
  const { 'upload-offset': offset, 'set-cookie': [cookie] = [] } = response.headers
  return { status: response.statusCode, offset, code: error?.code, cookie: cookie?.split(';')[0] }
}

/** Announces a picture as a page does; resolves to its id. */
const announce = async (who: Asker): Promise<string> => (await announceAsNew(who)).id

/** The same; resolves to the cookie too that the answer sets. */
async function announceAsNew(who: Asker) {
  const id = uuidv7(Date.now(), randomBytes(10))
  const add = { kind: 'image.add', id, name: 'a.png', width: 400, height: 300 }
  const message = { client: uuidv7(Date.now(), randomBytes(10)), n: 1, commands: [add] }
  const answer = await ask(who, {
    method: 'POST',
    path: `/b/${DEFAULT_BOARD_ID}/commands`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
  })
  assert.equal(answer.status, 200)
  return { id, cookie: answer.cookie }
}

const create = (who: Asker, id: string, length = picture.length) =>
  ask(who, {
    method: 'POST',
    path: UPLOADS,
    headers: {
      'upload-length': String(length),
      'upload-metadata': `id ${Buffer.from(id).toString('base64')}`,
    },
  })
const head = (who: Asker, id: string) => ask(who, { method: 'HEAD', path: `${UPLOADS}/${id}` })
const remove = (who: Asker, id: string) => ask(who, { method: 'DELETE', path: `${UPLOADS}/${id}` })
const patch = (who: Asker, id: string, offset: number, body = picture.subarray(offset)) =>
  ask(who, {
    method: 'PATCH',
    path: `${UPLOADS}/${id}`,
    headers: { ...OCTETS, 'upload-offset': String(offset) },
    body,
  })

/** Begins a part and sends half of it. Its end is sent by the returned function, which resolves to the status. */
async function sendHalf(t: TestContext, who: Asker, id: string): Promise<() => Promise<number>> {
  const half = picture.length >> 1
  const headers = { ...OCTETS, 'upload-offset': '0', 'content-length': String(picture.length) }
  const request = start(who, { method: 'PATCH', path: `${UPLOADS}/${id}`, headers })
  t.after(() => request.destroy())
  const answered = once(request, 'response') as Promise<[IncomingMessage]>
  answered.catch(() => {})
  request.write(picture.subarray(0, half))
  const incomingFile = server.images.incomingFiles.get(DEFAULT_BOARD_ID, id)!
  while (incomingFile.offset < half && !request.destroyed) await new Promise(setImmediate)
  return async () => {
    request.end(picture.subarray(half))
    const [response] = await answered
    response.resume()
    return response.statusCode!
  }
}

test('J1: no request of a stranger disturbs an upload under way', async (t) => {
  const id = await announce(anna)
  assert.equal((await create(anna, id)).status, 201)
  const sendRest = await sendHalf(t, anna, id)
  const offset = server.images.incomingFiles.get(DEFAULT_BOARD_ID, id)!.offset
  for (const stranger of [ben, {}, anonymous!]) {
    for (const at of [0, offset, picture.length])
      assert.deepEqual((await patch(stranger, id, at, Buffer.of(0))).code, 'not-allowed')
    assert.equal((await remove(stranger, id)).code, 'not-allowed')
    assert.equal((await create(stranger, id)).code, 'not-allowed')
    assert.equal((await create(stranger, id, 9)).code, 'not-allowed')
    const heads = await Promise.all(Array.from({ length: 20 }, () => head(stranger, id)))
    assert.deepEqual(new Set(heads.map(({ status }) => status)), new Set([403]))
    // Questions whose asker doesn't wait, and readers of the growing file.
    for (const path of [`${UPLOADS}/${id}`, `/b/${DEFAULT_BOARD_ID}/arrivals/${id}`]) {
      const method = path.startsWith(UPLOADS) ? 'HEAD' : 'GET'
      const broken = start(stranger, { method, path })
      broken.on('error', () => {})
      const connected = new Promise((resolve) => {
        broken.once('socket', (socket) => socket.once('connect', resolve))
      })
      broken.end()
      await connected
      broken.destroy()
    }
  }
  assert.equal(await sendRest(), 204)
  assert.ok((await server.record(id))!.blob)
})

test('J2: a stranger neither begins the upload of an announced picture nor fails it', async () => {
  const id = await announce(anna)
  assert.equal((await create(ben, id, 5)).code, 'not-allowed')
  // It would be refused as too large, and its record would go.
  assert.equal((await create(ben, id, 10 ** 12)).code, 'not-allowed')
  assert.equal((await create({}, id, 5)).code, 'not-allowed')
  assert.equal((await create(anna, id)).status, 201)
  assert.equal((await patch(anna, id, 0)).status, 204)
  assert.ok((await server.record(id))!.blob)
})

test('J3: without a token a sender goes by its address, also after a restart', async () => {
  const id = await announce(anonymous!)
  for (const stranger of [anna, anonymousElsewhere!])
    assert.equal((await create(stranger, id)).code, 'not-allowed')
  assert.equal((await create(anonymous!, id)).status, 201)
  assert.equal((await patch(anonymous!, id, 0, picture.subarray(0, 1000))).status, 204)
  for (const isAgain of [false, true]) {
    if (isAgain) {
      await server.stop()
      await server.start()
    }
    for (const stranger of [anna, anonymousElsewhere!, { ...anna, ...anonymous! }]) {
      assert.equal((await head(stranger, id)).status, 403)
      assert.equal((await remove(stranger, id)).status, 403)
    }
    assert.deepEqual((await head(anonymous!, id)).offset, '1000')
  }
  assert.equal((await patch(anonymous!, id, 1000)).status, 204)
  assert.ok((await server.record(id))!.blob)
})

test('J3: with a token a sender goes on from any address, also after a restart', async () => {
  const id = await announce(anna)
  assert.equal((await create({ ...anna, ...anonymous! }, id)).status, 201)
  assert.equal((await patch(anna, id, 0, picture.subarray(0, 1000))).status, 204)
  await server.stop()
  await server.start()
  assert.equal((await head(anonymous!, id)).status, 403)
  const elsewhere = { ...anna, ...anonymousElsewhere! }
  assert.equal((await head(elsewhere, id)).offset, '1000')
  assert.equal((await patch(elsewhere, id, 1000)).status, 204)
  assert.ok((await server.record(id))!.blob)
})

test('J5: a server that has not seen the announcement lets a sender without a token begin', async () => {
  const [theirs, annas] = [await announce(anonymous!), await announce(anna)]
  await server.stop()
  await server.start()
  assert.equal((await create(anna, theirs)).code, 'not-allowed')
  assert.equal((await create(anonymous!, annas)).code, 'not-allowed')
  assert.equal((await create(anonymous!, theirs)).status, 201)
  // From now on its address is known.
  assert.equal((await head(anonymousElsewhere!, theirs)).status, 403)
  assert.equal((await patch(anonymous!, theirs, 0)).status, 204)
})

test('J3: a sender who keeps the cookie of its first answer goes on from any address', async () => {
  const { id, cookie } = await announceAsNew(anonymous!)
  assert.ok(cookie)
  assert.equal((await create({ ...anonymousElsewhere!, cookie }, id)).status, 201)
  assert.equal((await head({ ...anonymous!, cookie }, id)).offset, '0')
  assert.equal((await head(anna, id)).status, 403)
})
