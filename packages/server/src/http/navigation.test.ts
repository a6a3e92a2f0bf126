import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { errorMessages, type ImageRecord } from '@wirephoto/board'
import sharp from 'sharp'
import { Harness } from '../../support/http-harness.ts'

const PAGE = '<!doctype html><title>The page</title>'
const PROBLEM_PAGE =
  '<!doctype html><title>Wirephoto</title><link rel="stylesheet" href="/assets/a.css"><h1>Gone.</h1>'

let webRoot: string
let server: Harness
let picture: ImageRecord

before(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'wirephoto-web-'))
  await writeFile(join(webRoot, 'index.html'), PAGE)
  await writeFile(join(webRoot, 'problem.html'), PROBLEM_PAGE)
  server = await Harness.open({ webRoot })
  const image = sharp({ create: { width: 4, height: 3, channels: 3, background: 'red' } })
  const body = new Uint8Array(await image.png().toBuffer())
  picture = (await (await fetch(`${server.url}/p.png`, { method: 'PUT', body })).json()) as never
})
after(async () => {
  await server.close()
  await rm(webRoot, { recursive: true, force: true })
})

/** A person opens an address, or follows a link to it: what Chromium sends of itself. */
const NAVIGATION = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}
const LINK = { ...NAVIGATION, 'sec-fetch-site': 'cross-site' }
const SCRIPT = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' }

/** `fetch` would say by itself what kind of request it is. */
async function open(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; type: string; body: string; headers: IncomingMessage['headers'] }> {
  const request = get(`http://localhost:${server.port}`, { path, headers })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const type = response.headers['content-type'] ?? ''
  return {
    status: response.statusCode!,
    type: type.split(';')[0]!,
    body: await text(response),
    headers: response.headers,
  }
}

test('H7, H9, T21: a link from another site opens a board, its wall and its guest page, each with a slash behind too', async () => {
  const views = ['', '/', '/show', '/show/', '/add', '/add/'].map((view) => `/b/main${view}`)
  for (const path of ['/', '/?x=1', ...views]) {
    const { status, body } = await open(path, LINK)
    assert.deepEqual([status, body], [200, PAGE], path)
  }
  const { status, body } = await open('/b/nowhere/', LINK)
  assert.deepEqual([status, body], [404, PAGE], 'the page says that there is no such board')
})

test("H7: a link from another site opens a picture's file, and another site's page can't use it", async () => {
  const { id, blob, variants } = await stored()
  const files = [
    `/api/boards/main/images/${id}/file`,
    `/api/boards/main/images/${id}/file?download`,
    `/b/main/blob/${blob}/original`,
    ...variants.map((side) => `/b/main/blob/${blob}/${side}`),
  ]
  const embeds = [
    { ...LINK, 'sec-fetch-dest': 'iframe' },
    { ...LINK, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'image/*' },
    { ...LINK, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' },
  ]
  for (const path of files) {
    assert.equal((await open(path, LINK)).status, 200, path)
    for (const headers of embeds) assert.equal((await open(path, headers)).status, 403, path)
  }
  for (const path of ['/api/boards/main', '/api/boards/main/snapshot', '/metrics'])
    assert.equal((await open(path, LINK)).status, 403, path)
})

test('H8: a person who opens a wrong address is told in a page, without a script', async () => {
  const wrong = [
    ['/nowhere', 404, 'not-found'],
    ['/b/main/nowhere', 404, 'not-found'],
    ['/api/boards/nowhere/images/x/file', 404, 'unknown-board'],
    ['/api/boards/main/images/x/file', 404, 'unknown-picture'],
    [`/b/main/blob/${'0'.repeat(64)}/original`, 404, 'not-found'],
    ['/api/join', 405, 'method-not-allowed'],
    ['/%zz', 404, 'not-found'],
  ] as const
  for (const [path, expected, code] of wrong) {
    const { status, type, body, headers } = await open(path, NAVIGATION)
    assert.deepEqual([status, type], [expected, 'text/html'], path)
    const sentence = errorMessages[code]({}).replaceAll("'", '&#39;')
    assert.equal(body, PROBLEM_PAGE.replace('Gone.', sentence))
    const policy = headers['content-security-policy']
    assert.match(String(policy), /^default-src 'none'; style-src 'self'; /)
    assert.doesNotMatch(String(policy), /script|unsafe/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
  assert.equal((await open('/nowhere', LINK)).status, 404)
})

test("I50: such a page is in the first language of the browser's list that there is", async () => {
  const said = {
    dir: 'rtl',
    wayOn: 'إلى <هناك>',
    preview: '',
    sentences: { 'not-found': 'لا شيء هنا.' },
  }
  await writeFile(join(webRoot, 'languages.json'), JSON.stringify({ ar: said }))
  const headingFor = async (language: string) => {
    const { body } = await open('/nowhere', { ...NAVIGATION, 'accept-language': language })
    return /<h1>([^<]*)/.exec(body)?.[1]
  }
  const english = errorMessages['not-found']({}).replaceAll("'", '&#39;')
  assert.equal(await headingFor('fr-FR,fr;q=0.9,ar-EG;q=0.8,en;q=0.7'), 'لا شيء هنا.')
  assert.equal(await headingFor('en;q=0.2, AR;q=0.9'), 'لا شيء هنا.')
  for (const language of ['en-GB,ar;q=0.5', 'fr', '*', 'constructor', ';;,q=,'])
    assert.equal(await headingFor(language), english, language)
  await rm(join(webRoot, 'languages.json'))
})

test('H1: a script that asks for a wrong address is told in JSON', async () => {
  for (const headers of [SCRIPT, { accept: '*/*' }, {}, { ...NAVIGATION, accept: '*/*' }]) {
    const { status, type, body } = await open('/nowhere', headers)
    assert.deepEqual([status, type], [404, 'application/json'])
    assert.equal(JSON.parse(body).error.code, 'not-found')
  }
})

async function stored(): Promise<{ id: string; blob: string; variants: readonly number[] }> {
  await server.images.variants.whenIdle()
  const record = await server.record(picture.id)
  return { id: picture.id, blob: record!.blob!, variants: record!.variants! }
}

test('Y5: the page is served from memory, by its ETag, until there is another build', async () => {
  const path = join(webRoot, 'index.html')
  const first = await open('/', NAVIGATION)
  const etag = first.headers.etag!
  const again = await open('/', { ...NAVIGATION, 'if-none-match': etag })
  assert.deepEqual([again.status, again.body], [304, ''])
  const packed = await open('/', { ...NAVIGATION, 'accept-encoding': 'gzip' })
  assert.notEqual(packed.headers.etag, etag)
  await rm(path)
  assert.equal((await open('/', NAVIGATION)).body, PAGE)
  await writeFile(path, `${PAGE}<p>New.`)
  const next = await open('/', { ...NAVIGATION, 'if-none-match': etag })
  assert.deepEqual([next.status, next.body], [200, `${PAGE}<p>New.`])
  await writeFile(path, PAGE)
})
