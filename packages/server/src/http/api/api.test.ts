import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import sharp from 'sharp'
import { errorOf, Harness } from '../../../support/http-harness.ts'
import { operations } from './operations.ts'

interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>
}

let server: Harness
let webRoot: string
let classicPages: string
let document: Document

before(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'wirephoto-web-'))
  await writeFile(join(webRoot, 'index.html'), '<!doctype html>')
  await writeFile(join(webRoot, 'api.html'), '<!doctype html><script src="./api.js"></script>')
  classicPages = await mkdtemp(join(tmpdir(), 'wirephoto-web-'))
  await writeFile(join(classicPages, 'index.html'), '<!doctype html>')
  server = await Harness.open({
    webRoot,
    classic: { board: 'party', pages: classicPages, port: null },
    bounds: { 'commands-per-address': 100_000, 'commands-per-visitor': 100_000 },
  })
  document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as Document
})
after(async () => {
  await server.close()
  await rm(webRoot, { recursive: true })
  await rm(classicPages, { recursive: true })
})

/** Returns an address of the server for an operation, with ids that are none. */
const addressFor = (address: string): string =>
  server.url + address.replaceAll(':board', 'main').replaceAll(/:\w+|\*/g, 'x')

test('H60: the document has every address of the server with its methods, and no other', async () => {
  const open = server.registered.flatMap(([url, methods]) =>
    methods
      .filter((each) => each !== 'HEAD' || !methods.includes('GET'))
      .map((method) => `${method} ${url}`),
  )
  assert.deepEqual(open.toSorted(), Object.keys(operations).toSorted())
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const written = open.map((each) => each.replaceAll(/:(\w+)/g, '{$1}').replace('*', '{name}'))
  assert.deepEqual(documented.toSorted(), written.toSorted())
})

test('H60: its schemas are JSON Schema, and all that it refers to is there', () => {
  assert.equal(document.openapi, '3.1.0')
  assert.deepEqual(document.servers, [{ url: server.url }])
  const ajv = new Ajv2020({ strict: false }).addSchema(document, 'api')
  const text = JSON.stringify(document)
  const references = new Set([...text.matchAll(/"\$ref":"(#[^"]+)"/g)].map(([, ref]) => ref!))
  assert.ok(references.size > 20)
  for (const ref of references) assert.ok(ajv.getSchema(`api${ref}`) ?? ref.includes('responses'))
  const ids = [...text.matchAll(/"operationId":"([^"]+)"/g)].map(([, id]) => id)
  assert.equal(new Set(ids).size, ids.length)
})

test('H61: an answer that the document lacks is found by every test', async () => {
  const { CheckedAnswers } = await import('../../../support/checked-answers.ts')
  const { createServer } = await import('node:http')
  const answers = new CheckedAnswers()
  const odd = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end('{"ok":true,"more":1}')
  })
  answers.watch(odd)
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve))
  const { port } = odd.address() as { port: number }
  await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()
  await (await fetch(`http://127.0.0.1:${port}/b/main/nothing/here`, { method: 'PUT' })).text()
  await new Promise((resolve) => odd.close(resolve))
  assert.match(answers.faults[0]!, /must NOT have additional properties/)
  assert.match(answers.faults[1]!, /isn't documented/)
})

test('H62, F14: a parameter that an address does not use is refused by its name', async () => {
  for (const [each, operation] of Object.entries(operations)) {
    const [method = '', address = ''] = each.split(' ')
    const headers = { 'tus-resumable': '1.0.0' }
    const response = await fetch(`${addressFor(address)}?nonsense=1`, {
      method,
      headers,
      redirect: 'manual',
    })
    // Nobody signs in at this server.
    if (address === '/api/owner/sign-in') continue
    const isRefused = response.status === 400
    if (operation.isOpenedByLinks) {
      assert.ok(!isRefused || operation.hasOwnErrors, each)
      continue
    }
    assert.ok(isRefused, `${each}: ${response.status}`)
    if (method === 'HEAD') continue
    const { code, message } = await errorOf(response)
    assert.equal(code, 'unknown-field', each)
    assert.match(message, /"nonsense"/, each)
  }
})

test('H62, F14: a field that an address does not use is refused by its name', async () => {
  for (const [each, operation] of Object.entries(operations)) {
    const [method = '', address = ''] = each.split(' ')
    if (method === 'GET' || method === 'HEAD' || operation.hasOwnErrors) continue
    const takesJson = operation.body?.content.some((one) => typeof one !== 'string')
    if (operation.body && !takesJson) continue
    const response = await fetch(addressFor(address), {
      method,
      headers: { 'content-type': 'application/json', 'tus-resumable': '1.0.0' },
      body: JSON.stringify({ nonsense: 1 }),
    })
    // The route reads no field where the picture, the link or the right is missing, or another field.
    const { code, message } = await errorOf(response)
    const isNamed = code === 'unknown-field' && message.includes('"nonsense"')
    const isOther = takesJson && code !== 'unknown-field'
    const isStream = each.includes('/uploads') && code === 'bad-request'
    assert.ok(isNamed || isOther || isStream, `${each}: ${code}`)
  }
})

test('H62, F14: an empty JSON body is none, and {} says nothing', async () => {
  for (const body of ['', '{}']) {
    const headers = { 'content-type': 'application/json' }
    const made = await fetch(`${server.url}/api/boards`, { method: 'POST', headers, body })
    assert.equal(made.status, 201, body)
    await made.body?.cancel()
  }
  const odd = await fetch(`${server.url}/api/boards`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"title":"Harbour","colour":"red"}',
  })
  assert.equal((await errorOf(odd)).code, 'unknown-field')
})

test('H63: a picture is answered with its addresses, wherever it is named', async () => {
  const png = await sharp({
    create: { width: 40, height: 30, channels: 3, background: '#336699' },
  })
    .png()
    .toBuffer()
  const url = (id: string) => `${server.url}/api/boards/main/images/${id}`
  const put = await fetch(`${server.url}/p.png`, { method: 'PUT', body: Buffer.from(png) })
  const { id, ...told } = (await put.json()) as Record<'id' | 'url' | 'fileUrl', string>
  assert.equal(put.headers.get('location'), `/api/boards/main/images/${id}`)
  assert.deepEqual([told.url, told.fileUrl], [url(id), `${url(id)}/file`])
  assert.equal((await fetch(told.fileUrl)).headers.get('content-type'), 'image/png')
  const form = new FormData()
  for (const name of ['a', 'b']) form.append('file', new Blob([Buffer.from(png)]), name)
  const posted = await fetch(`${server.url}/api/boards/main/images`, { method: 'POST', body: form })
  const { images } = (await posted.json()) as { images: { id: string; url: string }[] }
  assert.deepEqual(
    images.map((each) => each.url),
    images.map((each) => url(each.id)),
  )
  const read = await fetch(told.url)
  assert.equal(((await read.json()) as { fileUrl: string }).fileUrl, told.fileUrl)
})

test('U43: a new board has the title that it was made with', async () => {
  const made = await fetch(`${server.url}/api/boards`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"title":"Harbour"}',
  })
  const { id, links } = (await made.json()) as { id: string; links: { url: string }[] }
  const headers = { authorization: `Bearer ${links[0]!.url.split('#')[1]}` }
  const read = await fetch(`${server.url}/api/boards/${id}`, { headers })
  assert.equal(((await read.json()) as { title: string }).title, 'Harbour')
})

test('H64: the page loads nothing but its own files, and asks nobody but its server', async () => {
  const page = await fetch(`${server.url}/api`)
  assert.equal(page.status, 200)
  assert.match(await page.text(), /src="\/api\.js"/)
  const policy = page.headers.get('content-security-policy')!
  assert.match(policy, /default-src 'none'/)
  assert.doesNotMatch(policy, /unsafe|https?:|\*/)
})

test('H60: a document that one has is answered 304', async () => {
  const first = await fetch(`${server.url}/api/openapi.json`)
  await first.text()
  const headers = { 'if-none-match': first.headers.get('etag')! }
  assert.equal((await fetch(`${server.url}/api/openapi.json`, { headers })).status, 304)
})
