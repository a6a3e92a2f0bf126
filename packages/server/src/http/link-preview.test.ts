import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Harness } from '../../support/http-harness.ts'
import { storePicture } from '../../support/made-pictures.ts'
import { SERVER } from '../boards/boards.ts'

const PAGE = `<!doctype html><meta property="og:title" content="Wirephoto" />
<meta name="description" content="Drop." /><meta property="og:description" content="Drop." />
<meta property="og:image" content="/preview.png" />
<meta property="og:image:width" content="1200" /><meta property="og:image:height" content="630" />`

test("B73, I90, F11: a link's preview has the board's title, words in the asked language, and a picture only for who may see it", async (t) => {
  const webRoot = await mkdtemp(join(tmpdir(), 'wirephoto-web-'))
  await writeFile(join(webRoot, 'index.html'), PAGE)
  const german = { dir: 'ltr', wayOn: '', preview: 'Bild & ablegen.', sentences: {} }
  await writeFile(join(webRoot, 'languages.json'), JSON.stringify({ de: german }))
  const server = await Harness.open({ webRoot })
  t.after(async () => {
    await server.close()
    await rm(webRoot, { recursive: true })
  })
  const made = await fetch(`${server.url}/api/boards`, { method: 'POST' })
  const { id, links } = (await made.json()) as {
    id: string
    links: { role: string; url: string }[]
  }
  const pageOf = async (secret?: string, language = 'fr') => {
    const headers = {
      'accept-language': language,
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
    }
    const response = await fetch(`${server.url}/b/${id}`, { headers })
    assert.match(response.headers.get('vary')!, /Accept-Language/)
    return { html: await response.text(), etag: response.headers.get('etag')! }
  }
  const untitled = await pageOf()
  assert.ok(untitled.html.includes('content="Wirephoto"'))
  const title = `<script>"&' $1 Feast`
  await server.act([{ kind: 'board.patch', set: { title } }], SERVER, id)
  await storePicture(server, { bytes: Buffer.from('one'), name: 'a.jpg', board: id })
  const second = { bytes: Buffer.from('two'), name: 'b.jpg', board: id }
  const { id: picture, blob } = await storePicture(server, second)
  await server.act([{ kind: 'image.vary', id: picture, blob, variants: [64, 1280] }], SERVER, id)

  const stranger = await pageOf()
  const escaped = '&lt;script&gt;&quot;&amp;&#39; $1 Feast'
  assert.ok(stranger.html.includes(`property="og:title" content="${escaped}"`))
  assert.ok(stranger.html.includes(`content="${server.url}/preview.png"`))
  assert.notEqual(stranger.etag, untitled.etag)
  const secret = links.find(({ role }) => role === 'view')!.url.split('#')[1]!
  const viewer = await pageOf(secret)
  assert.ok(viewer.html.includes(`content="${server.url}/b/${id}/blob/${blob}/1280"`))
  assert.ok(viewer.html.includes('property="og:image:width" content="1280"'))
  assert.ok(viewer.html.includes('property="og:image:height" content="960"'))
  assert.notEqual(viewer.etag, stranger.etag)

  assert.equal(stranger.html.match(/content="Drop\."/g)?.length, 2)
  const inGerman = await pageOf(secret, 'de-AT,en;q=0.5')
  assert.equal(inGerman.html.match(/content="Bild &amp; ablegen\."/g)?.length, 2)
  assert.notEqual(inGerman.etag, viewer.etag)
})
