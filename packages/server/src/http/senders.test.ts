import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { type ImageRecord, settings } from '@wirephoto/board'
import sharp from 'sharp'
import { DetailedError, Upload } from 'tus-js-client'
import { errorOf, Harness } from '../../support/http-harness.ts'
import { tolerantUrl } from './tolerant-url.ts'

/* Pictures as forms, scripts and devices send them. */

const MAX_UPLOAD_BYTES = 1_000_000
const TOKEN = 't'.repeat(22)
const VISITOR = createHash('sha256').update(TOKEN).digest('base64url').slice(0, 22)
let server: Harness
let at: string
let png: Buffer

before(async () => {
  server = await Harness.open({ maxUpload: MAX_UPLOAD_BYTES })
  at = `${server.url}/api/boards/main/images`
  png = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c30' } })
    .png()
    .toBuffer()
})
after(() => server.close())

/** Writes a form by hand: each part is its headers and its bytes. */
function form(parts: readonly (readonly [headers: string, bytes: Buffer | string])[]) {
  const body = Buffer.concat([
    ...parts.flatMap(([headers, bytes]) => [
      Buffer.from(`--cut\r\nContent-Disposition: form-data; ${headers}\r\n\r\n`),
      Buffer.from(bytes),
      Buffer.from('\r\n'),
    ]),
    Buffer.from('--cut--\r\n'),
  ])
  return { body, headers: { 'content-type': 'multipart/form-data; boundary=cut' } }
}

const post = (init: RequestInit, url = at): Promise<Response> =>
  fetch(url, { method: 'POST', ...init, duplex: 'half' } as RequestInit)

async function stored(response: Response): Promise<ImageRecord> {
  assert.equal(response.status, 201, await response.clone().text())
  return (await response.json()) as ImageRecord
}

async function refused(response: Response, status: number, code: string, says: RegExp) {
  const error = await errorOf(response)
  assert.deepEqual([response.status, error.code], [status, code])
  assert.match(error.message, says)
}

test('U35: a part of a form is a file by its type, its name or the field "file"', async () => {
  for (const headers of [
    'name="picture"\r\nContent-Type: image/png',
    'name="upload"\r\nContent-Type: application/octet-stream',
    'name="anything"; filename="a.png"',
    'name="file"',
  ])
    await stored(await post(form([[headers, png]])))
})

test('U36: a name comes as any sender writes it', async () => {
  for (const [name, expected] of [
    ["filename*=UTF-8''sch%c3%b6n.png", 'schön.png'],
    ['filename="schön.png"', 'schön.png'],
    ['filename="C:\\\\fakepath\\\\x.png"', 'x.png'],
    ['filename="../../x.png"', 'x.png'],
    ['filename="a \\"b\\".png"', 'a "b".png'],
    ['filename=bare.png', 'bare.png'],
  ] as const) {
    const record = await stored(await post(form([[`name="file"; ${name}`, png]])))
    assert.equal(record.name, expected)
  }
  for (const [path, expected] of [
    ['/sch%f6n.png', 'schön.png'],
    ['/100%.png', '100%.png'],
    ['/sch%C3%B6n%20%F0%9F%98%80.png', 'schön 😀.png'],
    ['/b/main/na%EFve.png', 'naïve.png'],
    [`/api/boards/main/images?name=sch%f6n.png`, 'schön.png'],
  ] as const) {
    const method = path.startsWith('/api') ? 'POST' : 'PUT'
    const response = await fetch(server.url + path, { method, body: png })
    assert.equal((await stored(response)).name, expected)
  }
})

test("U37: a form's fields say where its pictures go, wherever they stand", async () => {
  const file = ['name="file"; filename="a.png"', png] as const
  const fields = [
    ['name="caption"', 'At six'],
    ['name="x"', '5'],
    ['name="y"', '6'],
  ] as const
  for (const parts of [
    [file, ...fields],
    [...fields, file],
  ]) {
    const { caption, x, y } = await stored(await post(form(parts)))
    assert.deepEqual({ caption, x, y }, { caption: 'At six', x: 5, y: 6 })
  }
  const named = await stored(
    await post(
      form([
        ['name="file"', png],
        ['name="name"', 'n.png'],
      ]),
    ),
  )
  assert.equal(named.name, 'n.png')
})

test('U38, F14: what is not used is refused by its name, and nothing is stored', async () => {
  const before = await server.pictures()
  const file = ['name="file"; filename="a.png"', png] as const
  const field = (headers: string, value: string) => form([file, [headers, value]])
  await refused(await post(field('name="titel"', 'x')), 400, 'unknown-field', /"titel"/)
  await refused(await post(field('name="x"', 'left')), 400, 'bad-request', /"x"/)
  const twice = form([file, ['name="x"', '1'], ['name="x"', '2']])
  await refused(await post(twice), 400, 'bad-request', /"x"/)
  await refused(await post({ body: png }, `${at}?captoin=x`), 400, 'unknown-field', /"captoin"/)
  await refused(await post({ body: png }, `${at}?x=1&x=2`), 400, 'bad-request', /"x"/)
  const put = (path: string, headers = {}) =>
    fetch(server.url + path, { method: 'PUT', body: png, headers })
  await refused(await put('/a.png?name=b.png'), 400, 'unknown-field', /"name"/)
  const part = { 'content-range': 'bytes 0-9/100' }
  await refused(await put('/a.png', part), 400, 'bad-request', /"Content-Range"/)
  await refused(await post(form([['name="note"', 'hi']])), 400, 'unknown-field', /"note"/)
  await refused(await post(form([])), 400, 'bad-request', /"file"/)
  const { body } = form([file])
  const cut = form([file]).body.subarray(0, 20)
  for (const headers of [form([]).headers, { 'content-type': 'multipart/form-data' }])
    await refused(await post({ body: cut, headers }), 400, 'broken-form', /boundary/)
  await stored(
    await post({
      body,
      headers: { 'content-type': 'Multipart/Form-Data; charset=utf-8; boundary="cut"' },
    }),
  )
  assert.equal((await server.pictures()).length, before.length + 1)
})

test('U39: the pictures of a form count each for itself, whatever they are together', async () => {
  const sides = [440, 450, 460]
  const pictures = await Promise.all(
    sides.map((side) => {
      const raw = { width: side, height: side, channels: 3 } as const
      return sharp(randomBytes(3 * side * side), { raw })
        .png()
        .toBuffer()
    }),
  )
  const size = pictures.reduce((sum, { length }) => sum + length, 0)
  assert.ok(
    size > 1.5 * MAX_UPLOAD_BYTES && pictures.every(({ length }) => length < MAX_UPLOAD_BYTES),
  )
  const response = await post(
    form(pictures.map((bytes, i) => [`name="file"; filename="${i}.png"`, bytes] as const)),
  )
  assert.equal(response.status, 201, await response.clone().text())
  const { images } = (await response.json()) as { images: ImageRecord[] }
  assert.deepEqual(
    images.map(({ width }) => width),
    sides,
  )
})

test('U39: a form with too many pictures names the limit and the way on', async () => {
  const files = Array.from({ length: 51 }, () => ['name="file"; filename="a.png"', png] as const)
  await refused(await post(form(files)), 413, 'too-many-files', /50 pictures.*another form/)
  const large = form([['name="file"; filename="big.png"', Buffer.alloc(MAX_UPLOAD_BYTES + 1)]])
  const { code } = await errorOf(await post(large))
  assert.equal(code, 'not-a-picture', 'its first bytes say so already')
  const noise = await sharp(
    Buffer.alloc(700 * 700 * 3, 0).map(() => Math.random() * 256),
    {
      raw: { width: 700, height: 700, channels: 3 },
    },
  )
    .png()
    .toBuffer()
  await refused(
    await post(form([['name="file"; filename="big.png"', noise]])),
    413,
    'too-large',
    /^big\.png is too large/,
  )
  const half = MAX_UPLOAD_BYTES * 0.7
  const jpeg = await sharp(png).jpeg().toBuffer()
  const padded = Buffer.concat([jpeg, Buffer.alloc(half)])
  const two = form([
    ['name="file"; filename="a.jpg"', padded],
    ['name="file"; filename="b.jpg"', padded],
  ])
  assert.equal((await post(two)).status, 201, 'each counts for itself')
})

test('U40: an empty file input of a form is passed over', async () => {
  const nothing = [
    'name="second"; filename=""\r\nContent-Type: application/octet-stream',
    '',
  ] as const
  const one = await stored(await post(form([nothing, ['name="file"; filename="a.png"', png]])))
  assert.equal(one.name, 'a.png')
  await refused(await post(form([nothing])), 400, 'bad-request', /"file"/)
})

test('U41: a packed body is unpacked, within the limit of a picture', async () => {
  const packed: [string, Buffer][] = [
    ['gzip', gzipSync(png)],
    ['GZIP', gzipSync(png)],
    ['deflate', deflateSync(png)],
    ['br', brotliCompressSync(png)],
    ['zstd', zstdCompressSync(png)],
    ['identity', png],
  ]
  for (const [coding, body] of packed) {
    const record = await stored(await post({ body, headers: { 'content-encoding': coding } }))
    assert.equal(record.bytes, png.length)
  }
  const gzip = { 'content-encoding': 'gzip' }
  const jpeg = await sharp(png).jpeg().toBuffer()
  const bomb = gzipSync(Buffer.concat([jpeg, Buffer.alloc(200_000_000)]))
  assert.ok(bomb.length < MAX_UPLOAD_BYTES)
  await refused(await post({ body: bomb, headers: gzip }), 413, 'too-large', /limit/)
  for (const body of [png, gzipSync(png).subarray(0, -9)])
    await refused(await post({ body, headers: gzip }), 422, 'damaged', /damaged/)
  const unknown = await post({ body: png, headers: { 'content-encoding': 'lzma' } })
  assert.equal(unknown.headers.get('accept-encoding'), 'gzip, deflate, br, zstd')
  await refused(unknown, 415, 'wrong-encoding', /lzma.*as it is/)
  const json = { ...gzip, 'content-type': 'application/json' }
  const board = { body: gzipSync('{"title":"x"}'), headers: json }
  await refused(await post(board, `${server.url}/api/boards`), 415, 'wrong-encoding', /gzip/)
  assert.deepEqual(await server.incomingFileNames(), [])
})

test('X13: a packed body needs at most 8 MB to be unpacked', async () => {
  const body = (windowLog: number) => {
    const block = Buffer.alloc(3)
    block.writeUIntLE((png.length << 3) | 1, 0, 3)
    const head = [0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3]
    return Buffer.concat([Buffer.from(head), block, png])
  }
  const headers = { 'content-encoding': 'zstd' }
  await stored(await post({ body: body(23), headers }))
  await refused(await post({ body: body(24), headers }), 422, 'damaged', /damaged/)
})

test('X14: an address of slashes holds up nobody', () => {
  const start = performance.now()
  tolerantUrl(`/api/${'/'.repeat(100_000)}x`)
  assert.ok(performance.now() - start < 500)
  assert.equal(tolerantUrl('/api/boards//?a=/'), '/api/boards?a=/')
})

test('U42: a picture written as text is refused in words', async () => {
  const url = `data:image/png;base64,${png.toString('base64')}`
  for (const body of [url, JSON.stringify({ image: url }), png.toString('base64')])
    await refused(await post({ body }), 415, 'text-picture', /bytes instead of base64/)
})

test('U35: raw bytes come with any type, length and path', async () => {
  for (const type of ['image/*', 'image/png; charset=binary', 'application/octet-stream', '*/*'])
    await stored(await post({ body: png, headers: { 'content-type': type } }))
  await stored(await post({ body: png }, `${at}/`))
  const chunked = new ReadableStream({
    start(controller) {
      controller.enqueue(png)
      controller.close()
    },
  })
  await stored(await post({ body: chunked as never }))
  const headers = { expect: '100-continue', 'content-length': png.length }
  const request = httpRequest(at, { method: 'POST', headers })
  request.flushHeaders()
  await once(request, 'continue')
  request.end(png)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 201, await text(response))
})

test('U43: a board takes a title, and its body may be left out', async () => {
  const boards = `${server.url}/api/boards`
  const json = { 'content-type': 'application/json' }
  const make = (body?: string, headers: Record<string, string> = json) =>
    post(body === undefined ? { headers } : { body, headers }, boards)
  const { id } = (await (await make('{"title":"Harbour 港"}')).json()) as { id: string }
  using held = await server.boards.hold(id)
  assert.equal(settings(held.board.records).title, 'Harbour 港')
  for (const response of [
    await make(),
    await make(''),
    await make('{}'),
    await make('', {}),
    await post({}, boards),
  ])
    assert.equal(response.status, 201)
  await refused(await make('{"titel":"x"}'), 400, 'unknown-field', /"titel"/)
  await refused(await make('{"title":7}'), 400, 'bad-request', /"title"/)
  await refused(await make('[]'), 400, 'bad-request', /./)
  await refused(await make('{'), 400, 'bad-request', /./)
  await refused(await make('title=x', {}), 415, 'wrong-type', /application\/json/)
  const fromUrl = JSON.stringify({ url: 'https://a.example/x.png', captoin: 'x' })
  await refused(
    await post({ body: fromUrl, headers: json }, `${at}/from-url`),
    400,
    'unknown-field',
    /"captoin"/,
  )
})

test('U44: an upload without the id of a picture, and at a wrong offset, is told so', async () => {
  const uploads = `${server.url}/api/boards/main/uploads`
  const tus = { 'tus-resumable': '1.0.0', authorization: `Bearer ${TOKEN}` }
  const created = await post({ headers: { ...tus, 'upload-length': '9' } }, uploads)
  await refused(created, 400, 'no-upload-id', /metadata "id".*…\/images/)
  const id = await server.announce('a.png', VISITOR)
  const metadata = `id ${Buffer.from(id).toString('base64')}`
  const begin = { ...tus, 'upload-length': '9', 'upload-metadata': metadata }
  assert.equal((await post({ headers: begin }, uploads)).status, 201)
  const part = { ...tus, 'upload-offset': '3', 'content-type': 'application/offset+octet-stream' }
  const patched = await fetch(`${uploads}/${id}`, { method: 'PATCH', headers: part, body: 'abc' })
  await refused(patched, 409, 'wrong-offset', /another byte.*go on/)
})

test('U44: a standard tus client is told what its upload lacks, and stores an announced picture', async () => {
  const send = (metadata: Record<string, string>) =>
    new Promise<string>((resolve, reject) => {
      new Upload(png, {
        endpoint: `${server.url}/api/boards/main/uploads`,
        metadata,
        retryDelays: null,
        headers: { authorization: `Bearer ${TOKEN}` },
        onSuccess: () => resolve('stored'),
        onError: (error) => {
          const response = error instanceof DetailedError ? error.originalResponse : null
          if (response) resolve(response.getBody() ?? '')
          else reject(error)
        },
      }).start()
    })
  assert.match(await send({ filename: 'a.png', filetype: 'image/png' }), /"no-upload-id"/)
  const id = await server.announce('a.png', VISITOR)
  assert.equal(await send({ id }), 'stored')
  assert.ok((await server.record(id))?.blob)
})
