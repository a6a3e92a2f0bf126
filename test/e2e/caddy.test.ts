import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { request } from 'node:https'
import { text } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { Caddy, documentedSite } from '../support/caddy.ts'
import { OPEN_TO_ALL, openFixture } from '../support/e2e-fixture.ts'
import { freePort } from '../support/free-port.ts'

const port = await freePort()
const { fixture, samples } = await openFixture({
  args: ['--public-url', `https://wire.test:${port}`, '--trust-proxy', '127.0.0.1'],
})
const skip = (await Caddy.skipReason()) ?? false

/** Opens Caddy before the fixture's server; it closes after the pages that are opened later. */
async function openCaddy(t: TestContext, sites: string): Promise<Caddy> {
  const caddy = await Caddy.open(sites)
  fixture.closeAfter(t, () => caddy.close())
  return caddy
}

const HTTPS_PAGE = { port, scheme: 'https', ignoreHTTPSErrors: true } as const

describe('behind Caddy', { skip }, () => {
  test('B54, H17: with the lines of put-it-online.md, pages, sockets and large files pass by https', async (t) => {
    const caddy = await openCaddy(t, await documentedSite(`wire.test:${port}`, fixture.server.port))
    const ca = await caddy.authority()
    const board = await fixture.newBoard()
    const anna = await fixture.openPage(t, 'wire.test', board, HTTPS_PAGE)
    const sockets: string[] = []
    anna.page.on('websocket', (socket) => sockets.push(socket.url()))
    await anna.page.reload()
    await anna.waitForLive()
    await anna.drop([await samples.draw('a.jpg', { width: 900 })], { x: 500, y: 400 })
    await anna.waitForPainted(1, 'stored')
    assert.ok(sockets.some((url) => url.startsWith(`wss://wire.test:${port}/live`)))
    const cookies = await anna.context.cookies()
    const own = cookies.filter(({ name }) => name.startsWith('__Host-wirephoto_visitor_'))
    assert.deepEqual(
      own.map(({ secure, httpOnly, sameSite }) => [secure, httpOnly, sameSite]),
      [[true, true, 'Lax']],
    )
    const photo = await readFile(await samples.photo())
    assert.ok(photo.length > 1_000_000)
    const { status, body } = await ask(`/api/boards/${board}/images`, { port, ca, file: photo })
    assert.equal(status, 201, body)
  })

  test('B54: under a path of a host, too', async (t) => {
    const pathPort = await freePort()
    const publicUrl = `https://wire.test:${pathPort}/photos`
    const args = ['--public-url', publicUrl, '--trust-proxy', '127.0.0.1', ...OPEN_TO_ALL]
    const server = await fixture.openServer(t, args)
    const site = await documentedSite(`wire.test:${pathPort}`, server.port, true)
    const caddy = await openCaddy(t, site)
    const options = { ...HTTPS_PAGE, port: pathPort, path: '/photos' } as const
    const anna = await fixture.openPage(t, 'wire.test', 'main', options)
    await anna.drop([await samples.draw('a.jpg', { width: 900 })], { x: 500, y: 400 })
    await anna.waitForPainted(1, 'stored')
    const ca = await caddy.authority()
    const beside = await ask('/photosynthesis', { port: pathPort, ca })
    assert.equal(beside.body, '', 'what is not under the path is not ours')
  })
})

/** Asks as a script does that trusts Caddy's authority; sends a file if there is one. */
function ask(
  path: string,
  { port, ca, file }: { port: number; ca: string; file?: Buffer },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { host: `wire.test:${port}`, 'content-length': file?.length ?? 0 }
    const options = { host: '127.0.0.1', servername: 'wire.test', port, path, ca, headers }
    const sent = request({ ...options, method: file ? 'POST' : 'GET' }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
    })
    sent.on('error', reject).end(file)
  })
}
