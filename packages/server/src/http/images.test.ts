import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { type ImageRecord, type StoredImage, WireError } from '@wirephoto/board'
import sharp from 'sharp'
import { errorOf, Harness } from '../../support/http-harness.ts'

type Body = NonNullable<RequestInit['body']>

let server: Harness
let png: Buffer
const MAX_UPLOAD_BYTES = 1_000_000

before(async () => {
  server = await Harness.open({ maxUpload: MAX_UPLOAD_BYTES })
  png = await sharp({ create: { width: 40, height: 30, channels: 3, background: '#c30' } })
    .png()
    .toBuffer()
})
after(() => server.close())

const put = (path: string, body: Body, init: RequestInit = {}) =>
  fetch(server.url + path, { method: 'PUT', body, ...init, duplex: 'half' } as RequestInit)

test('U2, F1: PUT of a picture answers 201 when it is stored', async () => {
  const response = await put('/p.png', png)
  assert.equal(response.status, 201)
  const answer = (await response.json()) as StoredImage & { url: string; fileUrl: string }
  const { notices, url: _, fileUrl: _file, ...record } = answer
  assert.deepEqual(notices, [])
  await server.images.variants.whenIdle()
  assert.deepEqual({ ...record, variants: [] }, await server.record(record.id))
  const { name, type, width, height, bytes } = record
  assert.deepEqual(
    { name, type, width, height, bytes },
    { name: 'p.png', type: 'image/png', width: 40, height: 30, bytes: png.length },
  )
  assert.ok(await server.engine.blobs.has(record.blob!))
  assert.deepEqual(await server.incomingFileNames(), [])
})

test('E23: a picture that came whole and is told busy leaves nothing, and is taken when it comes again', async () => {
  const { decoder } = server.images
  const { validate } = decoder
  // As where every process for it is killed from outside.
  decoder.validate = async () => {
    throw new WireError('busy')
  }
  const before = await server.pictures()
  const form = new FormData()
  form.set('file', new Blob([new Uint8Array(png)]), 'p.png')
  const answers = [
    await put('/p.png', png),
    await fetch(`${server.url}/api/boards/main/images`, { method: 'POST', body: form }),
  ]
  decoder.validate = validate
  for (const response of answers) {
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '2')
    assert.deepEqual(await errorOf(response), {
      code: 'busy',
      message:
        'The server has too much to do, and kept nothing of this request. Send it again in a moment.',
    })
  }
  assert.deepEqual(await server.incomingFileNames(), [])
  assert.deepEqual(await server.pictures(), before)
  assert.equal((await put('/p.png', png)).status, 201)
})

test('U3: PUT takes whatever the body is called, and a board of its own', async () => {
  const id = await server.boards.create()
  for (const type of ['application/json', 'application/x-www-form-urlencoded', 'text/html'])
    assert.equal(
      (await put(`/b/${id}/a.png`, png, { headers: { 'content-type': type } })).status,
      201,
    )
  assert.equal((await put(`/b/${id}/`, png)).status, 201)
  assert.deepEqual(
    (await server.pictures(id)).map(({ name }) => name),
    ['a.png', 'a.png', 'a.png', 'picture'],
  )
})

test('POST takes a raw body with its place, and forms with many files', async () => {
  const at = `${server.url}/api/boards/main/images`
  const query = new URLSearchParams({
    x: '-10.5',
    y: '20',
    w: '80',
    name: 'näme.png',
    caption: 'A wall',
    by: 'Camera 2',
  })
  const one = await fetch(`${at}?${query}`, { method: 'POST', body: png })
  const { x, y, w, name, caption, by } = (await one.json()) as ImageRecord
  assert.deepEqual(
    { x, y, w, name, caption, by },
    { x: -10.5, y: 20, w: 80, name: 'näme.png', caption: 'A wall', by: 'Camera 2' },
  )

  const form = new FormData()
  form.append('file', new Blob([png]), 'one.png')
  const single = (await (await fetch(at, { method: 'POST', body: form })).json()) as ImageRecord
  assert.equal(single.name, 'one.png')
  form.append('file', new Blob([png], { type: 'text/plain' }), 'zwö.png')
  const response = await fetch(`${at}?x=5&y=6&w=100`, { method: 'POST', body: form })
  assert.equal(response.status, 201)
  const { images } = (await response.json()) as { images: ImageRecord[] }
  assert.deepEqual(
    images.map((each) => [each.name, each.x, each.y]),
    [
      ['one.png', 5, 6],
      ['zwö.png', 121, 6],
    ],
  )

  for (const bad of [
    'x=a',
    'w=0',
    'x=',
    'w=1e9',
    `caption=${'c'.repeat(2001)}`,
    `by=${'b'.repeat(41)}`,
  ]) {
    const refused = await fetch(`${at}?${bad}`, { method: 'POST', body: png })
    assert.deepEqual([bad, refused.status], [bad, 400])
  }
  for (const type of ['', '; boundary=', `; boundary=${'b'.repeat(300)}`, '; boundary=cut']) {
    const headers = { 'content-type': `multipart/form-data${type}` }
    const refused = await fetch(at, { method: 'POST', headers, body: '--cut\r\n' })
    assert.deepEqual([type, refused.status], [type, 400])
  }
  assert.equal((await fetch(`${at}?name=a&name=b`, { method: 'POST', body: png })).status, 400)
  const nothing = new FormData()
  nothing.append('note', 'not a file')
  assert.equal((await fetch(at, { method: 'POST', body: nothing })).status, 400)
})

test('pictures are read, patched and removed by address', async () => {
  const { id } = (await (await put('/a.png', png)).json()) as ImageRecord
  await server.images.variants.whenIdle()
  const at = `${server.url}/api/boards/main/images/${id}`
  const patch = (body: string, type = 'application/json') =>
    fetch(at, { method: 'PATCH', body, headers: { 'content-type': type } })
  const patched = (await (await patch('{"caption":"x","x":7}')).json()) as ImageRecord
  assert.deepEqual([patched.caption, patched.x], ['x', 7])
  assert.deepEqual(await (await fetch(at)).json(), patched)
  assert.equal((await errorOf(await patch('{"blob":"00"}'))).code, 'unknown-field')
  for (const bad of ['{"x":"7"}', '{', '', '[]', '{"__proto__":{}}', 'null'])
    assert.deepEqual([bad, (await errorOf(await patch(bad))).code], [bad, 'bad-request'])
  assert.equal((await errorOf(await patch('x=1', 'text/plain'))).code, 'wrong-type')
  assert.equal(
    (await errorOf(await patch(`{"caption":"${'x'.repeat(70_000)}"}`))).code,
    'too-large',
  )

  assert.equal((await fetch(at, { method: 'DELETE' })).status, 204)
  assert.ok((await server.record(id))!.deletedAt)
  const missing = await fetch(at.replace(id, '01890000-0000-7000-8000-000000000000'), {
    method: 'DELETE',
  })
  assert.deepEqual([missing.status, (await errorOf(missing)).code], [404, 'unknown-picture'])
})

test('F8, U12: what is no picture is refused with a code and a sentence, and nothing stays', async () => {
  const before = await server.pictures()
  const mp4 = Buffer.concat([
    Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'),
    Buffer.alloc(99),
  ])
  const jpeg = await sharp(png).resize(600, 400).jpeg().toBuffer()
  // The header alone says so.
  const huge = Buffer.from(png)
  huge.writeUInt32BE(20_000, 16)
  huge.writeUInt32BE(6_000, 20)
  huge.writeUInt32BE(crc32(huge.subarray(12, 29)), 29)
  const cases: [string, Body, number, string, string][] = [
    ['empty.png', '', 400, 'empty-file', 'empty.png is empty. Choose another.'],
    [
      'notes.txt',
      'hello',
      415,
      'not-a-picture',
      'notes.txt is a text. Only pictures can be added.',
    ],
    ['a.svg', '<svg xmlns="http://www.w3.org/2000/svg"><rect', 422, 'damaged', ''],
    ['a.html', '<!doctype html><script>alert(1)</script>', 415, 'not-a-picture', ''],
    ['fake.jpg', Buffer.alloc(20_000, 'MZ'), 415, 'not-a-picture', ''],
    [
      'film.mp4',
      mp4,
      415,
      'video',
      "film.mp4 is a video. Videos can't be added, a still from one can.",
    ],
    [
      'cut.jpg',
      jpeg.subarray(0, jpeg.length - 400),
      422,
      'damaged',
      'cut.jpg is damaged or incomplete. Try the original.',
    ],
    ['head.png', png.subarray(0, 40), 422, 'damaged', ''],
    [
      'huge.png',
      huge,
      413,
      'too-many-pixels',
      'huge.png has 120 megapixels. The limit here is 100.',
    ],
    [
      'big.png',
      Buffer.alloc(MAX_UPLOAD_BYTES + 1),
      413,
      'too-large',
      'big.png is 1.0 MB. The limit here is 1.0 MB.',
    ],
  ]
  for (const [name, body, status, code, message] of cases) {
    const response = await put(`/${name}`, body)
    const error = await errorOf(response)
    assert.deepEqual([name, response.status, error.code], [name, status, code])
    if (message) assert.equal(error.message, message)
  }
  const form = new FormData()
  form.append('file', new Blob([png]), 'good.png')
  form.append('file', new Blob(['hello']), 'bad.txt')
  const response = await fetch(`${server.url}/api/boards/main/images`, {
    method: 'POST',
    body: form,
  })
  assert.deepEqual(await errorOf(response), {
    code: 'not-a-picture',
    message: 'bad.txt is a text. Only pictures can be added.',
  })
  assert.deepEqual(await server.pictures(), before)
  assert.deepEqual(await server.incomingFileNames(), [])
})

test('U9: a wrong type is refused as soon as its first bytes are in', async () => {
  const request = httpRequest(`${server.url}/endless.bin`, { method: 'PUT' })
  request.on('error', () => {})
  request.write(Buffer.alloc(8_192, 'x'))
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 415)
  request.destroy()
})

test('U4: a declared length over the limit is refused before the body is read', async () => {
  // The sender announces a large body and waits for `100 Continue`. The refusal comes at once.
  const request = httpRequest(`${server.url}/big.png`, {
    method: 'PUT',
    headers: { 'content-length': MAX_UPLOAD_BYTES * 2, expect: '100-continue' },
  })
  request.on('continue', () => assert.fail('asked for the body'))
  request.flushHeaders()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 413)
  assert.equal(response.headers.connection, 'close')
  assert.match(await text(response), /"big.png is 2.0 MB. The limit here is 1.0 MB."/)
  request.destroy()

  // Sends without being asked: gets the answer, and is cut off after a bounded part.
  const socket = connect(server.port, '127.0.0.1')
  socket.write(
    `PUT /big.png HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MAX_UPLOAD_BYTES * 1000}\r\n\r\n`,
  )
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  socket.on('error', () => {})
  socket.setMaxListeners(0)
  const chunk = Buffer.alloc(65_536)
  let sent = 0
  const closed = new Promise((resolve) => socket.once('close', resolve))
  while (!socket.destroyed && sent < 200_000_000) {
    sent += chunk.length
    const drained = new Promise((resolve) => socket.once('drain', resolve))
    if (!socket.write(chunk)) await Promise.race([drained, closed])
  }
  await closed
  assert.match(answer, /^HTTP\/1.1 413 .*"code":"too-large"/s)
  // The server read some, and the buffers of two kernels hold the rest.
  assert.ok(sent < 60_000_000, `${sent} bytes were taken`)
})

test('U4: who sends without listening gets to the answer all the same', async () => {
  const socket = connect(server.port, '127.0.0.1')
  const length = MAX_UPLOAD_BYTES * 2
  socket.write(`PUT /big.png HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`)
  for (let sent = 0; sent < 900_000; sent += 100_000) {
    await new Promise<void>((resolve, reject) => {
      socket.write(Buffer.alloc(100_000), (error) => (error ? reject(error) : resolve()))
    })
    // Slow enough for the kernel to report that nobody reads.
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1.1 413 /)
  socket.destroy()
})

test('U4: the rest of a body is read whose first bytes were refused', async () => {
  const bytes = Buffer.alloc(8_000_000, 'no picture ')
  const socket = connect(server.port, '127.0.0.1')
  const closed = new Promise((resolve) => socket.once('close', resolve))
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk.toString()))
  socket.write('PUT /p.png HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
  socket.write(`${bytes.length.toString(16)}\r\n`)
  const failure = new Promise((resolve) => socket.write(bytes, resolve))
  socket.on('error', () => {})
  socket.end('\r\n0\r\n\r\n')
  assert.ifError(await failure)
  await closed
  assert.match(answer, /^HTTP\/1.1 415 .*}$/s)
})

test('U10: an undeclared length is cut off at the limit', async () => {
  async function* body() {
    yield png
    for (let i = 0; i < 100; i++) yield new Uint8Array(50_000)
  }
  const response = await put('/chunked.png', body() as unknown as Body)
  assert.deepEqual(await errorOf(response), {
    code: 'too-large',
    message: 'chunked.png is too large. The limit here is 1.0 MB.',
  })
  assert.deepEqual(await server.incomingFileNames(), [])
})

test('U12: a body that breaks off leaves nothing', async () => {
  const before = await server.pictures()
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`PUT /cut.png HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n`)
  socket.write(png)
  while ((await server.incomingFileNames()).length === 0) await new Promise(setImmediate)
  socket.destroy()
  while ((await server.incomingFileNames()).length > 0) await new Promise(setImmediate)
  assert.deepEqual(await server.pictures(), before)
})

test('H1: every refusal is our JSON, whatever was asked', async () => {
  const cases: [string, string, number, string][] = [
    ['GET', '/api/boards/nowhere', 404, 'unknown-board'],
    ['GET', '/api/boards/no.where/snapshot', 404, 'unknown-board'],
    ['PUT', '/b/nowhere/a.png', 404, 'unknown-board'],
    ['GET', '/api/boards/main/images/x', 404, 'unknown-picture'],
    ['GET', '/nothing/here', 404, 'not-found'],
    ['GET', '/%E0%A4%A', 404, 'not-found'],
    ['DELETE', '/api/boards', 405, 'method-not-allowed'],
    ['POST', '/api/boards/main/snapshot', 405, 'method-not-allowed'],
    ['OPTIONS', '/api/boards/main/images', 405, 'method-not-allowed'],
  ]
  for (const [method, path, status, code] of cases) {
    const response = await fetch(server.url + path, {
      method,
      ...(method === 'PUT' && { body: png }),
    })
    assert.deepEqual([path, response.status, (await errorOf(response)).code], [path, status, code])
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  }
  assert.equal(
    (await fetch(`${server.url}/api/boards`, { method: 'DELETE' })).headers.get('allow'),
    'POST, GET, HEAD',
  )
})

test('H2: a foreign Host or Origin is refused, and nothing is stored', async () => {
  const before = await server.pictures()
  const ask = async (headers: Record<string, string>) => {
    const request = httpRequest(`${server.url}/x.png`, { method: 'PUT', headers })
    request.end(png)
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return [response.statusCode, JSON.parse(await text(response)).error.code]
  }
  assert.deepEqual(await ask({ host: 'evil.example' }), [421, 'foreign-host'])
  assert.deepEqual(await ask({ origin: 'http://evil.example' }), [403, 'foreign-origin'])
  assert.deepEqual(await ask({ 'sec-fetch-site': 'cross-site' }), [403, 'foreign-origin'])
  assert.deepEqual(await server.pictures(), before)
})

test('malformed HTTP is answered, and the server goes on', async () => {
  for (const bytes of [
    'NONSENSE\r\n\r\n',
    `GET / HTTP/1.1\r\nHost: localhost\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`,
  ]) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.end(bytes)
    assert.match(await text(socket), /^HTTP\/1.1 400 [\s\S]*"code":"bad-request"/)
  }
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200)
})

test('H5, F9: no name reaches a path or a header unescaped', async (t) => {
  const corpus = new URL('../../../../../shared/corpora/names/blns.json', import.meta.url)
  const naughty: string[] = await readFile(corpus, 'utf8').then(JSON.parse, () => {
    t.diagnostic('the list of naughty strings is absent: only our own names are tried')
    return []
  })
  // All of them go through `cleanName` in its own test.
  const names = naughty.filter((_, i) => i % 16 === 0)
  names.push(
    '../../etc/passwd',
    '..\\..\\a.png',
    'a\r\nSet-Cookie: x=1.png',
    '\u202egnp.exe',
    'x'.repeat(400),
    '..',
    '\ud800.png',
  )
  const form = (name: string) => {
    const body = new FormData()
    body.append('file', new Blob([png]), name)
    return body
  }
  for (const [i, name] of names.entries()) {
    const response =
      i % 2 === 0
        ? await put(`/${encodeURIComponent(name.toWellFormed())}`, png)
        : await fetch(`${server.url}/api/boards/main/images`, { method: 'POST', body: form(name) })
    assert.equal(response.status, 201, JSON.stringify(name))
    const record = (await response.json()) as ImageRecord
    assert.doesNotMatch(record.name, /[\p{Cc}/\\\u202a-\u202e\u2066-\u2069]|^\.*$/u)
    assert.ok(record.name.length <= 255 && record.name.isWellFormed())
    const file = await fetch(`${server.url}/api/boards/main/images/${record.id}/file?download`)
    assert.equal(file.status, 200)
    assert.match(
      file.headers.get('content-disposition')!,
      /^attachment; filename[*]?=[\x20-\x7e]+$/,
    )
    await file.arrayBuffer()
  }
  assert.deepEqual(await server.incomingFileNames(), [])
})
