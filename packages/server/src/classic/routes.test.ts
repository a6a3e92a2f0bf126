import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { uuidv7, WIRE_VERSION } from '@wirephoto/board'
import { io } from 'socket.io-client'
import {
  ClassicClient,
  ClassicServer,
  dataUrl,
  draw,
  pictureForm,
  textForm,
} from '../../support/classic-client.ts'

const MAX_UPLOAD_BYTES = 60_000

let server: ClassicServer
let picture: Buffer
before(async () => {
  server = await ClassicServer.open({}, { maxUpload: MAX_UPLOAD_BYTES })
  picture = await draw(1)
})
after(() => server.close())

const post = (
  path: string,
  body: FormData | string,
  method: 'POST' | 'PUT' = 'POST',
  headers = {},
) => fetch(server.url + path, { method, body, headers })

/** Announces a picture; resolves to the placeholder's id. */
async function addPlaceholder(): Promise<string> {
  const response = await server.announce({ fileName: 'p.png', type: 'image/png', x: 1, y: 2 })
  return ((await response.json()) as { id: string }).id
}

const record = (id: string) => fetch(`${server.url}/api/boards/main/images/${id}`)

/** Reads a refusal, and asserts that it has the tutorials' shape and nothing else. */
async function refusal(response: Response): Promise<[status: number, error: string]> {
  const body = (await response.json()) as { error: string; message: string }
  assert.deepEqual(Object.keys(body), ['error', 'message'])
  assert.match(body.message, /^\w.*\.$/)
  return [response.status, body.error]
}

test('K4 POST /image with a form stores the picture and answers its id', async () => {
  for (const path of ['/image', '/image/']) {
    const response = await post(path, pictureForm(picture, 'Ä b.png', 'image/jpeg'))
    assert.equal(response.status, 200)
    const { id, ...rest } = (await response.json()) as { id: string }
    assert.deepEqual(rest, {})
    const stored = (await (await record(id)).json()) as { name: string; type: string }
    assert.deepEqual([stored.name, stored.type], ['Ä b.png', 'image/png'])
    const file = await fetch(`${server.url}/api/boards/main/images/${id}/file`)
    assert.deepEqual(Buffer.from(await file.arrayBuffer()), picture)
  }
})

test('K4 the field fileName names the picture, before the file or after it, and further files are ignored', async () => {
  for (const isFirst of [true, false]) {
    const form = new FormData()
    if (isFirst) form.append('fileName', '../told.png')
    form.append('other', new Blob(['x']), 'x.txt')
    form.append('file', new Blob([new Uint8Array(picture)]))
    form.append('file', new Blob(['second']), 'y.txt')
    if (!isFirst) form.append('fileName', '../told.png')
    const { id } = (await (await post('/image', form)).json()) as { id: string }
    assert.equal(((await (await record(id)).json()) as { name: string }).name, 'told.png')
  }
})

test('K20 a placeholder takes its picture as text by PUT and POST, once', async () => {
  for (const method of ['PUT', 'POST'] as const) {
    const id = await addPlaceholder()
    const large = await draw(2, 'jpeg')
    // The declared type of the data URL is wrong, and ignored (U3).
    const filled = await post(`/image/${id}`, textForm(dataUrl(large)), method)
    assert.deepEqual([filled.status, await filled.json()], [200, { id }])
    const stored = (await (await record(id)).json()) as Record<string, unknown>
    const { name, type, bytes, x, y, w, width } = stored
    assert.deepEqual([name, type, bytes], ['p.png', 'image/jpeg', large.length])
    assert.deepEqual([x, y, w, width], [1, 2, 320, 40])
    const again = await post(`/image/${id}`, textForm(dataUrl(picture)), method)
    assert.deepEqual(await refusal(again), [404, 'imageError'])
    assert.equal((await record(id)).status, 200)
  }
})

test("K21 K24 a file that is no picture is refused in the tutorials' shape, and its placeholder goes", async () => {
  const text = Buffer.from('<html>'.repeat(2_000))
  const large = Buffer.concat([picture, Buffer.alloc(MAX_UPLOAD_BYTES)])
  const noFile = new FormData()
  noFile.append('fileName', 'x.png')
  const cases: [body: FormData | string, error: string, headers?: object][] = [
    [noFile, 'imageError'],
    [new FormData(), 'imageError'],
    ['file=x', 'imageError', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['{', 'imageError', { 'content-type': 'application/json' }],
    ['{"image":7}', 'imageError', { 'content-type': 'application/json' }],
    ['x', 'imageError', { 'content-type': 'multipart/form-data' }],
    ['x', 'imageError', { 'content-type': 'multipart/form-data; boundary=b' }],
    ['--b\r\nx', 'imageError', { 'content-type': 'multipart/form-data; boundary=b' }],
    [textForm(''), 'imageError'],
    [textForm('data:image/png;base64,'), 'imageError'],
    [textForm('data:image/png;base64'), 'imageError'],
    [textForm(dataUrl(text)), 'imageError'],
    [textForm(dataUrl(picture).slice(0, -40)), 'imageError'],
    [textForm(`data:image/png,${picture.toString('latin1')}`), 'imageError'],
    [textForm('https://elsewhere.example/p.png'), 'imageError'],
    [pictureForm(text), 'imageError'],
    [pictureForm(Buffer.alloc(0)), 'imageError'],
    [textForm(dataUrl(large)), 'sizeError'],
    [pictureForm(large), 'sizeError'],
  ]
  const before = (await server.pictures()).length
  for (const [i, [body, error, headers]] of cases.entries()) {
    const path = `/image/${await addPlaceholder()}`
    for (const [address, method] of [
      ['/image', 'POST'],
      [path, 'PUT'],
    ] as const) {
      const response = await post(address, body, method, headers)
      assert.deepEqual(await refusal(response), [400, error], `case ${i}: ${method} ${address}`)
    }
    assert.equal((await server.pictures()).length, before, 'the placeholder is gone')
  }
  // The announced fields of a placeholder are validated too.
  for (const image of [{}, { fileName: 'x', type: 7 }, { fileName: 'x', type: 'x', x: 1e300 }])
    assert.deepEqual(await refusal(await server.announce(image)), [400, 'imageError'])
  assert.equal((await post('/image', pictureForm(picture))).status, 200)
})

test('J4: a placeholder is filled, and ended by a refusal, by its own sender alone', async () => {
  const id = await addPlaceholder()
  const stranger = { authorization: `Bearer ${'s'.repeat(22)}` }
  for (const body of [pictureForm(picture, 'p.png', 'image/png'), textForm('no picture')]) {
    const answer = await post(`/image/${id}`, body, 'PUT', stranger)
    assert.deepEqual(await refusal(answer), [404, 'imageError'])
  }
  const filled = await post(`/image/${id}`, pictureForm(picture, 'p.png', 'image/png'), 'PUT')
  assert.equal(filled.status, 200)
})

test('K21 a form that breaks off leaves nothing', async (t) => {
  const before = (await server.pictures()).length
  const client = await ClassicClient.connect(server.url, 'websocket')
  t.after(() => client.disconnect())
  const id = await addPlaceholder()
  await client.until(() => client.bodies('Photo:update').length === 1)
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  const head = `--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n${dataUrl(picture)}`
  socket.write(
    `PUT /image/${id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999\r\n\r\n${head}`,
    () => socket.destroy(),
  )
  await client.until(() => client.bodies('Photo:delete').length === 1)
  assert.deepEqual(client.bodies('Photo:delete'), [id])
  assert.equal((await server.pictures()).length, before)
})

test("K22 F11 pictures that a page announces can't be filled at this address, nor can unknown ones", async (t) => {
  const page = io(server.url, {
    path: '/live',
    transports: ['websocket'],
    auth: { board: 'main', wire: WIRE_VERSION },
  })
  t.after(() => page.disconnect())
  const [client, arriving] = [1, 2].map(() => uuidv7(Date.now(), randomBytes(10)))
  const add = { kind: 'image.add', id: arriving, name: 'a.png', width: 4, height: 3 }
  await page.emitWithAck('commands', { client, n: 1, commands: [add] })
  for (const id of [arriving, 'nobody', '01890000-0000-7000-8000-000000000000', '__proto__', '%00'])
    for (const method of ['PUT', 'POST'] as const)
      for (const body of [textForm(dataUrl(picture)), textForm('no picture')])
        assert.deepEqual(await refusal(await post(`/image/${id}`, body, method)), [
          404,
          'imageError',
        ])
  const found = (await server.pictures()).find(({ id }) => id === arriving)
  assert.equal(found?.blob, null)
})

test('K23 GET /image/download/:id is an attachment under its own name', async () => {
  const { id } = await server.addPicture(picture, 'Ägypten.png')
  const response = await fetch(`${server.url}/image/download/${id}`)
  assert.match(
    response.headers.get('content-disposition') ?? '',
    /^attachment; filename=".*"; filename\*=UTF-8''%C3%84gypten\.png$/,
  )
  assert.equal(response.headers.get('content-type'), 'image/png')
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), picture)
  for (const unknown of ['nobody', await addPlaceholder()]) {
    const answer = await fetch(`${server.url}/image/download/${unknown}`)
    assert.deepEqual(await refusal(answer), [404, 'imageError'])
  }
})

test('K7 K29 the folder of pages is served before our page; /config.js says where the server is', async (t) => {
  const pages = join(server.data, 'pages')
  const webRoot = join(server.data, 'web')
  await Promise.all([mkdir(pages), mkdir(webRoot)])
  const files = {
    'pages/index.html': 'theirs',
    'pages/showimage.html': 'second',
    'pages/main.css': 'css',
    'pages/.env': 'secret',
    'web/index.html': 'ours',
    'web/icon.svg': '<svg/>',
  }
  for (const [path, content] of Object.entries(files))
    await writeFile(join(server.data, path), content)
  const here = await ClassicServer.open({ pages, port: 0 }, { webRoot })
  t.after(() => here.close())
  const get = async (path: string, url = here.url) => {
    const response = await fetch(url + path)
    return [response.status, response.headers.get('content-security-policy'), await response.text()]
  }
  assert.deepEqual(await get('/'), [200, null, 'theirs'])
  assert.deepEqual(await get('/main.css'), [200, null, 'css'])
  assert.deepEqual(await get('/showimage'), [200, null, 'second'])
  const [status, policy, content] = await get('/b/main')
  assert.deepEqual([status, content], [200, 'ours'])
  assert.match(String(policy), /script-src 'self'/)
  assert.equal((await get('/icon.svg'))[0], 200)
  for (const path of ['/.env', '/..%2fweb/index.html', '/nothing'])
    assert.equal((await get(path))[0], 404, path)

  const { port } = new URL(here.url)
  assert.equal(
    (await get('/config.js'))[2],
    `window.config = {"url":"localhost","ports":{"http":${port}}};\n`,
  )
  const second = `http://127.0.0.1:${here.classicPort}`
  assert.equal(
    (await get('/config.js', second))[2],
    `window.config = {"url":"127.0.0.1","ports":{"http":${here.classicPort}}};\n`,
  )
  await writeFile(join(pages, 'config.js'), 'own')
  const again = await ClassicServer.open({ pages })
  t.after(() => again.close())
  assert.equal((await get('/config.js', again.url))[2], 'own')
})

test('K30 the second port is the same server', async (t) => {
  const here = await ClassicServer.open({ port: 0, board: 'party' })
  t.after(() => here.close())
  const second = `http://localhost:${here.classicPort}`
  const clients = [
    await ClassicClient.connect(here.url, 'polling'),
    await ClassicClient.connect(second, 'polling'),
  ]
  t.after(() => clients.forEach((client) => client.disconnect()))
  const body = pictureForm(picture)
  assert.equal((await fetch(`${second}/image`, { method: 'POST', body })).status, 200)
  for (const client of clients) await client.until(() => client.bodies('Image:update').length === 1)
  const snapshot = await fetch(`${here.url}/api/boards/party/snapshot`)
  assert.equal(((await snapshot.json()) as { records: unknown[] }).records.length, 1)
})

test('K24 a body that is too large by its header is refused at once', async () => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.end(
    `POST /image HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 999999999\r\nConnection: close\r\n\r\n`,
  )
  assert.match(await text(socket), /^HTTP\/1\.1 400 [^]*"error":"sizeError"/)
})
