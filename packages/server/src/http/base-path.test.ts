import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { WIRE_VERSION } from '@wirephoto/board'
import { io } from 'socket.io-client'
import { Harness } from '../../support/http-harness.ts'

const PUBLIC_URL = 'https://host.example/photos'
/** Paths at which proxies hand on: as it is, and with the path removed. */
const WAYS = ['/photos', ''] as const
const TOKEN = 'A'.repeat(22)
const ANNA = createHash('sha256').update(TOKEN).digest('base64url').slice(0, 22)
const TUS = { 'tus-resumable': '1.0.0', authorization: `Bearer ${TOKEN}` }

let webRoot: string
let server: Harness

before(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'wirephoto-web-'))
  const page = `<meta property="og:image" content="./preview.png" />
    <script src="./theme.js"></script><script type="module" crossorigin src="./assets/index-a.js"></script>`
  await writeFile(join(webRoot, 'index.html'), page)
  await writeFile(join(webRoot, 'problem.html'), '<h1>Gone.</h1><a href="./">Front</a>')
  await writeFile(join(webRoot, 'theme.js'), '1')
  server = await Harness.open({ webRoot, publicUrl: PUBLIC_URL, create: 'anyone' })
})
after(async () => {
  await server.close()
  await rm(webRoot, { recursive: true, force: true })
})

const ask = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${server.url}${path}`, { redirect: 'manual', ...init })

for (const way of WAYS) {
  const said = way === '' ? 'removes it' : 'keeps it'

  test(`Z2, Z3: pages name their files under the path, where a proxy ${said}`, async () => {
    for (const path of ['/', '/b/main', '/b/main/show']) {
      const response = await ask(way + path)
      const html = await response.text()
      assert.equal(response.status, 200)
      assert.ok(html.includes('src="/photos/theme.js"'), html)
      assert.ok(html.includes('src="/photos/assets/index-a.js"'), html)
      assert.ok(html.includes(`"${PUBLIC_URL}/preview.png"`), html)
    }
    // `fetch` would say that no person opens it.
    const headers = { accept: 'text/html' }
    const problem = get(`${server.url}${way}/nothing`, { headers })
    const [answer] = (await once(problem, 'response')) as [IncomingMessage]
    assert.equal(answer.statusCode, 404)
    assert.match(await text(answer), /<a href="\/photos\/">/)
  })

  test(`Z2, Z3: answers name addresses under the path, where a proxy ${said}`, async () => {
    const made = await ask(`${way}/api/boards`, { method: 'POST' })
    const { id, url } = (await made.json()) as { id: string; url: string }
    assert.equal(made.headers.get('location'), `/photos/api/boards/${id}`)
    assert.equal(url, `${PUBLIC_URL}/b/${id}`)
    const { urls } = (await (await ask(`${way}/api/addresses`)).json()) as { urls: string[] }
    assert.deepEqual(urls, [PUBLIC_URL])
    const picture = await server.announce('a.png', ANNA)
    const upload = await ask(`${way}/api/boards/main/uploads`, {
      method: 'POST',
      headers: {
        ...TUS,
        'upload-length': '100',
        'upload-metadata': `id ${btoa(picture)}`,
      },
    })
    const location = upload.headers.get('location')
    assert.equal(location, `/photos/api/boards/main/uploads/${picture}`)
    const headers = TUS
    assert.equal((await ask(location!, { method: 'HEAD', headers })).status, 200)
    assert.equal((await ask(location!, { method: 'DELETE', headers })).status, 204)
    for (const path of ['/healthz', '/readyz', '/metrics'])
      assert.equal((await ask(way + path)).status, 200, path)
  })

  test(`Z2: sockets connect where a proxy ${said}`, async () => {
    const socket = io(server.url, {
      path: `${way}/live`,
      transports: ['websocket'],
      auth: { board: 'main', wire: WIRE_VERSION },
      forceNew: true,
      reconnection: false,
    })
    await new Promise<void>((resolve, reject) => {
      socket.on('connect', resolve)
      socket.on('connect_error', reject)
    }).finally(() => socket.close())
  })
}

test("B29, B138: a wall's code leads to its board under the path, and a bearer that follows it keeps no right", async () => {
  const made = await ask('/photos/api/boards', { method: 'POST' })
  const cookie = made.headers.get('set-cookie')!.split(';')[0]!
  const { id, links } = (await made.json()) as { id: string; links: { id: string; role: string }[] }
  const json = { 'content-type': 'application/json', origin: 'https://host.example', cookie }
  const wallLink = links.find(({ role }) => role === 'add')!.id
  const board = `/photos/api/boards/${id}`
  const chosen = await ask(`${board}/access`, {
    method: 'PATCH',
    headers: json,
    body: JSON.stringify({ wallLink }),
  })
  assert.equal(chosen.status, 200)
  const answer = await ask(`${board}/join-code`, { headers: { cookie } })
  const { code, url } = (await answer.json()) as { code: string; url: string }
  assert.equal(url, `${PUBLIC_URL}/j/${code}`)
  for (const way of WAYS) {
    const joined = await ask(`${way}/j/${code}`)
    assert.deepEqual([joined.status, joined.headers.get('location')], [303, `/photos/b/${id}`])
  }
  const guest = (await ask('/photos/theme.js')).headers.get('set-cookie')!.split(';')[0]!
  const roleOf = async (headers: Record<string, string>): Promise<string | number> => {
    const session = await ask(`${board}/session`, { headers })
    return session.ok ? ((await session.json()) as { role: string }).role : session.status
  }
  await ask(`/photos/j/${code}`, { headers: { cookie: guest } })
  assert.equal(await roleOf({ cookie: guest }), 'add')

  const bearer = { authorization: `Bearer ${'x'.repeat(22)}` }
  const followed = await ask(`/photos/j/${code}`, { headers: bearer })
  assert.deepEqual([followed.status, followed.headers.get('location')], [303, `/photos/b/${id}`])
  assert.equal(followed.headers.get('set-cookie'), null)
  const posted = await ask('/photos/api/join', {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  })
  assert.deepEqual(await posted.json(), { board: id, role: 'add' })
  assert.equal(await roleOf(bearer), 403)
})

test("Z4: the visitor's cookie is the installation's own, and never set where its path doesn't reach", async () => {
  const COOKIE = /^(wirephoto_visitor%2Fphotos_[\da-f]{8})=([\w-]{22}); Path=\/photos; /
  const first = await ask('/photos/api/boards/main/snapshot')
  const [, name, token] = COOKIE.exec(first.headers.get('set-cookie') ?? '') ?? []
  assert.ok(token, first.headers.get('set-cookie') ?? 'none')
  const cookieFor = async (path: string, cookie: string) =>
    (await ask(path, { headers: { cookie } })).headers.get('set-cookie')
  const snapshot = '/photos/api/boards/main/snapshot'
  assert.equal(await cookieFor(snapshot, `a=b; ${name}=${token}`), null)
  assert.match((await cookieFor(snapshot, `wirephoto_visitor=${token}`)) ?? '', COOKIE)
  assert.match((await cookieFor(snapshot, `wirephoto_visitor%2Fprints=${token}`)) ?? '', COOKIE)
  assert.match((await cookieFor('/photos/theme.js', '')) ?? '', COOKIE)
  // Opened at the server's own port, this answer would replace a cookie that the browser didn't send.
  for (const path of ['/', '/b/main']) assert.equal(await cookieFor(path, ''), null)
})
