import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import type { ImageRecord } from '@wirephoto/board'
import { type Board, connect } from '@wirephoto/client'
import { wallWords } from '@wirephoto/web/words/wall'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { parse } from 'yaml'
import { launchBrowser } from './support/browser.ts'
import { cleanupAfter } from './support/cleanup.ts'
import { findPython } from './support/find-python.ts'
import { freePort } from './support/free-port.ts'
import { drawPicture } from './support/pictures.ts'
import { Recipes } from './support/recipes.ts'
import { ServerProcess } from './support/server-process.ts'

const exec = promisify(execFile)
const hasFfmpeg = await exec('ffmpeg', ['-version']).then(
  () => true,
  () => false,
)
const python = await findPython('matplotlib, websocket')
const NODE_RED_VERSION = '5.0.7'
/** Two seconds of a moving test picture, in place of a camera. */
const TEST_CAMERA = '-re -f lavfi -i testsrc=size=320x240:rate=5 -t 2'

interface HomeAssistant {
  readonly shell_command: { readonly front_door_to_wirephoto: string }
  readonly rest_command: {
    readonly wirephoto_show_url: Readonly<
      Record<'url' | 'method' | 'content_type' | 'payload', string>
    > & { readonly headers: { readonly authorization: string } }
  }
}

const stack = cleanupAfter()
let recipes: Recipes
let server: ServerProcess
let board: Board
let camera: string
let browser: Browser
let photo: Uint8Array<ArrayBuffer>
/** The port of the team's receiver, which the server may reach. */
let hookPort: number
/** How many frames came to somebody who looks at the board, by the tile's id. */
const frameCounts = new Map<string, number>()

before(async () => {
  recipes = await Recipes.open(stack)
  hookPort = await freePort()
  const args = ['--webhook-to', `127.0.0.1:${hookPort}`]
  server = stack.adopt(await ServerProcess.open({ args }), (each) => each.close())
  board = stack.adopt(await connect(server.url), (each) => each.close())
  board.on('frame', ({ id }) => frameCounts.set(id, (frameCounts.get(id) ?? 0) + 1))
  browser = stack.adopt(await launchBrowser(), (each) => each.close())
  photo = new Uint8Array(await drawPicture({ width: 320, height: 240 }))
  camera = await listen((_request, response) => response.end(photo))
})

/** Opens a server for the time of all tests. Resolves to its address. */
async function listen(answer: RequestListener): Promise<string> {
  const http = createServer(answer).listen(0, '127.0.0.1')
  stack.defer(() => void http.close())
  await once(http, 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

/** Asks something of a board, by a link. */
function ask(link: string, path: string, { method = 'GET' } = {}): Promise<Response> {
  const { origin, pathname, hash } = new URL(link)
  const [, id] = /^\/b\/([\w-]+)/.exec(pathname)!
  const authorization = `Bearer ${hash.slice(1)}`
  return fetch(`${origin}/api/boards/${id}/${path}`, { method, headers: { authorization } })
}

/** Adds a picture as somebody with a link does. */
async function send(link: string, name: string, by: string) {
  const { origin, pathname, hash } = new URL(link)
  const authorization = hash && `Bearer ${hash.slice(1)}`
  const response = await fetch(`${origin}${pathname}/${name}?by=${by}`, {
    method: 'PUT',
    headers: { ...(authorization && { authorization }) },
    body: photo,
  })
  return (await response.json()) as ImageRecord & { held?: true }
}

const stands = () => ({
  // Another name than the server has for itself, as on a network.
  'http://localhost:8000': `http://127.0.0.1:${server.port}`,
  '-i rtsp://camera.lan/1': TEST_CAMERA,
  'http://camera.lan': camera,
})
const start = (command: string, env: NodeJS.ProcessEnv = {}) =>
  recipes.start(command, stands(), { WIREPHOTO_URL: server.url, ...env })
const run = (command: string) => recipes.run(command, stands(), { WIREPHOTO_URL: server.url })

/** Resolves to the tile of a slot, once it is as wanted. */
async function tileOf(
  slot: string,
  isAsWanted: (tile: ImageRecord) => boolean = () => true,
): Promise<ImageRecord> {
  const found = Promise.withResolvers<ImageRecord>()
  const look = () => {
    for (const picture of board.pictures.values())
      if (picture.slot === slot && picture.blob && isAsWanted(picture)) found.resolve(picture)
  }
  const off = board.on('pictures', look)
  look()
  return await found.promise.finally(off)
}

test('I70: a training draws its loss onto one tile, by Python', {
  skip: !python && 'no Python with matplotlib and websocket-client: python3-matplotlib',
}, async () => {
  const [command] = recipes.blocks('Training plots', 'sh')
  await run(command!.replaceAll('python3', python!))
  const tile = await tileOf('loss')
  assert.deepEqual([tile.width, tile.height], [640, 400])
  assert.ok(frameCounts.get(tile.id)! > 2)
})

test('I70: a plot that curl sends takes the place of the one before', async () => {
  const [, command] = recipes.blocks('Training plots', 'sh')
  for (const width of [300, 310]) {
    const plot = await sharp(await drawPicture({ width, height: 200 }))
      .png()
      .toBuffer()
    await writeFile(join(recipes.folder, 'loss.png'), plot)
    await run(command!)
    await tileOf('loss', (tile) => tile.width === width)
  }
  assert.equal([...board.pictures.values()].filter(({ slot }) => slot === 'loss').length, 1)
})

test('I71: ffmpeg shows a camera on a tile, by curl and by the program', {
  skip: !hasFfmpeg && 'no ffmpeg: install it',
}, async () => {
  const [byCurl, byProgram] = recipes.blocks('Garden camera', 'sh')
  await run(byCurl!)
  const { id, blob } = await tileOf('garden')
  const shownCount = frameCounts.get(id)!
  assert.ok(shownCount > 3, `${shownCount} frames`)
  await run(byProgram!)
  await tileOf('garden', (tile) => tile.blob !== blob)
  assert.ok(frameCounts.get(id)! > shownCount + 3)
})

test('I71: a camera with an address needs no ffmpeg', async () => {
  const [, , command] = recipes.blocks('Garden camera', 'sh')
  const running = start(command!.replace('live garden', 'live gate'))
  const tile = await running.while(tileOf('gate'))
  assert.deepEqual([tile.width, tile.height], [320, 240])
  await running.end()
})

test('I72: a team has its links, and a line is posted of what somebody adds', async (t) => {
  const [make, receive] = recipes.blocks('Team', 'sh')
  const posted = Promise.withResolvers<unknown>()
  const chat = await listen((request, response) => {
    posted.resolve(json(request))
    response.end()
  })
  await run(make!)
  const links = await readFile(join(recipes.folder, 'links.txt'), 'utf8')
  assert.deepEqual(links.match(/^\w+/gm), ['own', 'edit', 'add', 'view'])
  const add = /^add {2}(\S+)$/m.exec(links)![1]!
  const receiving = start(receive!.replace('9000', `${hookPort}`), { CHAT_URL: chat })
  t.after(() => receiving.end())
  await receiving.until(/are told to port/)
  await send(add, 'harbour.jpg', 'Anna')
  await receiving.while(posted.promise)
  assert.deepEqual(await posted.promise, { text: 'Anna added harbour.jpg' })
  // Nobody else can have a line written.
  const forged = await fetch(`http://127.0.0.1:${hookPort}/`, { method: 'POST', body: '{}' })
  assert.equal(forged.status, 403)
  const own = /^own {2}(\S+)$/m.exec(links)![1]!
  await receiving.end()
  const { webhooks } = (await (await ask(own, 'webhooks')).json()) as { webhooks: unknown[] }
  assert.deepEqual(webhooks, [])
})

test("I73: a guest's picture is on the wall once the host has let it in", async () => {
  const [command] = recipes.blocks('Wall', 'sh')
  const told = await run(command!)
  const [wall, host, guests] = ['Wall', 'Host', 'Guests'].map(
    (who) => new RegExp(`^${who} +([^\\s,]+)`, 'm').exec(told)![1]!,
  )
  for (const link of [wall!, host!, guests!]) assert.ok(link.startsWith('http://127.0.0.1:'), link)
  assert.match(await readFile(join(recipes.folder, 'guests.svg'), 'utf8'), /^<svg/)
  const page = await browser.newPage()
  await page.goto(wall!)
  await page.getByText('Ada and Grace').waitFor()
  const joining = (await (await ask(wall!, 'join-code')).json()) as { role: string }
  assert.equal(joining.role, 'add', 'the code that it shows where others reach the server')
  const { id, held } = await send(guests!, 'cake.jpg', 'Ben')
  assert.equal(held, true)
  await page.getByText(wallWords.empty).waitFor()
  await ask(host!, `held/${id}/approve`, { method: 'POST' })
  await page.waitForFunction(
    () => document.querySelector<HTMLImageElement>('.wall-slide img')?.naturalWidth,
  )
  await page.close()
})

test('I74: a class joins by codes, and takes home what each group has', async () => {
  const [make, codes, takeHome] = recipes.blocks('Class', 'sh')
  const made = await run(make!)
  const again = await run(codes!)
  assert.equal(again, made, 'a code is good for ten minutes')
  const urls = [...made.matchAll(/^(Volcanoes|Rivers): (\S+\/j\/\w+)$/gm)].map(([, , url]) => url!)
  assert.equal(urls.length, 2)
  const page = await browser.newPage()
  await page.goto(urls[0]!)
  await page.waitForURL(/\/b\/[\w-]+$/)
  const cookies = await page.context().cookies()
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const { origin, pathname } = new URL(page.url())
  await page.close()
  const sent = await fetch(`${origin}${pathname}/etna.jpg`, {
    method: 'PUT',
    headers: { cookie, origin },
    body: photo,
  })
  assert.equal(sent.status, 201)
  await run(takeHome!)
  const zip = await readFile(join(recipes.folder, 'Volcanoes.zip'))
  assert.ok(zip.includes('etna.jpg'))
  await access(join(recipes.folder, 'Rivers.zip'))
})

test('I75: OBS shows each new picture over the scene, at the address of the recipe', async () => {
  const [addresses] = recipes.blocks('OBS', 'text')
  const [css] = recipes.blocks('OBS', 'css')
  await send(`${server.url}/b/main`, 'start.jpg', 'Anna')
  const page = await browser.newPage({ viewport: { width: 640, height: 360 } })
  for (const address of addresses!.trim().split('\n')) {
    await page.goto(address.replace('http://localhost:8000', server.url))
    await page.waitForFunction(
      () => document.querySelector<HTMLImageElement>('.wall img')?.naturalWidth,
    )
  }
  // OBS puts its own CSS first, and draws pages without a ground.
  await page.addStyleTag({ content: `body { background-color: rgba(0, 0, 0, 0); } ${css!}` })
  const { data } = await sharp(await page.screenshot({ omitBackground: true }))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  assert.equal(data[3], 0, 'the corner is transparent')
  await page.close()
})

test('I76: the requests of Home Assistant show a snapshot, and add a picture by its address', async (t) => {
  const { shell_command: shell, rest_command: rest } = parse(
    recipes.blocks('Home Assistant', 'yaml')[0]!,
  ) as HomeAssistant
  const snapshot = join(recipes.folder, 'front_door.jpg')
  await writeFile(snapshot, photo)
  const secret = randomBytes(16).toString('base64url')
  const asHere = (text: string, url: string) =>
    text
      .replace('/config/www/front_door.jpg', snapshot)
      .replace('http://localhost:8000', url)
      .replace('SECRET', secret)
  await run(asHere(shell.front_door_to_wirephoto, server.url))
  const tile = await tileOf('front_door')
  assert.equal(tile.width, 320)

  // A server that may fetch from this machine, as others do from the internet.
  const port = await freePort()
  const near = await ServerProcess.open({
    port,
    main: join(import.meta.dirname, 'support/serve-with-local-fetch.ts'),
    args: ['--public-url', `http://wire.test:${port}`],
  })
  t.after(() => near.close())
  const { url, method, content_type, headers, payload } = rest.wirephoto_show_url
  const response = await fetch(asHere(url, near.url), {
    method,
    headers: { 'content-type': content_type, authorization: asHere(headers.authorization, '') },
    body: payload.replace('{{ url }}', `${camera}/snap.jpg`),
  })
  assert.equal(response.status, 201, await response.text())
})

test('I77: the flow for Node-RED shows a camera on a tile', async (t) => {
  const folder = join(recipes.folder, 'node-red')
  await mkdir(folder)
  // No dependency of ours: it is large, and only this test wants it.
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder]
  const installed = await exec('npm', [...install, `node-red@${NODE_RED_VERSION}`]).catch(
    () => null,
  )
  if (!installed) return t.skip('npm could not install node-red')
  const flow = await readFile(join(import.meta.dirname, '../examples/node-red/flow.json'), 'utf8')
  const here = flow
    .replace('http://camera.lan', camera)
    .replace('http://localhost:8000', server.url)
    .replace('live/garden', 'live/pond')
  await writeFile(join(folder, 'flow.json'), here)
  const settings = { uiHost: '127.0.0.1', uiPort: await freePort(), flowFile: 'flow.json' }
  const program = `module.exports = ${JSON.stringify({ ...settings, telemetry: { enabled: false } })}`
  await writeFile(join(folder, 'settings.cjs'), program)
  const nodeRed = recipes.start(
    `node ${folder}/node_modules/node-red/red.js -s ${folder}/settings.cjs -u ${folder}`,
    {},
  )
  t.after(() => nodeRed.end())
  const tile = await nodeRed.while(tileOf('pond'))
  assert.deepEqual([tile.width, tile.height], [320, 240])
})
