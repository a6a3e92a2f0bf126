import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { type TestContext, test } from 'node:test'
import { ClassicServer, draw } from '../../support/classic-client.ts'

/** The client script of 2017, whose types nobody has written. */
interface OldSocket {
  readonly io: { readonly engine: { close(): void } }
  on(event: string, handle: (body: never) => void): void
  emit(event: string): void
  disconnect(): void
}
type OldClient = (url: string, options: object) => OldSocket
// It takes a global WebSocket for a browser's, which sends no headers.
Reflect.deleteProperty(globalThis, 'WebSocket')
const require = createRequire(import.meta.url)
const oldClient = require('socket.io-client-1') as OldClient

interface Photo {
  readonly id: string
  readonly file?: Buffer
}

const COOKIE = `wirephoto_visitor=${'v'.repeat(22)}`

/** A page of the second tutorial: its one socket says `User:connect` once and reconnects by itself. */
class OldPage {
  readonly files = new Map<string, number>()
  imageUpdates = 0
  connects = 0
  readonly #socket: OldSocket
  #onEvent = () => {}

  constructor(t: TestContext, url: string, transports: string[], cookie = COOKIE) {
    const options = { transports, forceNew: true, extraHeaders: { cookie }, reconnectionDelay: 50 }
    this.#socket = oldClient(url, options)
    t.after(() => this.#socket.disconnect())
    this.#socket.on('connect', () => {
      if (this.connects++ === 0) this.#socket.emit('User:connect')
      this.#onEvent()
    })
    this.#socket.on('Photo:update', ({ id, file }: Photo) => {
      if (file) this.files.set(id, (this.files.get(id) ?? 0) + 1)
      this.#onEvent()
    })
    this.#socket.on('Image:update', () => {
      this.imageUpdates++
      this.#onEvent()
    })
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>((resolve) => {
        this.#onEvent = resolve
      })
  }

  /** Breaks the connection as a network does. */
  break(): void {
    this.#socket.io.engine.close()
  }
}

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']])
  test(`K33, K11: a page of Socket.IO 1.7 goes on after a broken socket and a restart (${transports.join()})`, async (t) => {
    const server = await ClassicServer.open()
    t.after(() => server.close())
    const first = await server.addPicture(await draw(1))
    const page = new OldPage(t, server.url, transports)
    await page.until(() => page.files.has(first.id))

    page.break()
    await page.until(() => page.connects === 2)
    const second = await server.addPicture(await draw(2))
    await page.until(() => page.files.has(second.id))

    await server.restart()
    await page.until(() => page.connects === 3)
    const third = await server.addPicture(await draw(3))
    await page.until(() => page.files.has(third.id))
  })

test("K34: a page of the second tutorial gets each new picture's bytes once", async (t) => {
  const server = await ClassicServer.open()
  t.after(() => server.close())
  const page = new OldPage(t, server.url, ['websocket'])
  await page.until(() => page.connects === 1)
  const ids: string[] = []
  for (let seed = 1; seed <= 3; seed++) ids.push((await server.addPicture(await draw(seed))).id)
  const last = ids.at(-1)!
  await page.until(() => page.files.has(last))
  assert.deepEqual(Array.from(page.files.values()), [1, 1, 1])
  assert.equal(page.imageUpdates, 0)
})

test('K33: a visitor who never said User:connect gets no bytes by Photo:update', async (t) => {
  const server = await ClassicServer.open()
  t.after(() => server.close())
  const known = new OldPage(t, server.url, ['websocket'])
  await known.until(() => known.connects === 1)
  const stranger = oldClient(server.url, {
    transports: ['websocket'],
    forceNew: true,
    extraHeaders: { cookie: `wirephoto_visitor=${'s'.repeat(22)}` },
  })
  t.after(() => stranger.disconnect())
  let files = 0
  stranger.on('Photo:update', ({ file }: Photo) => {
    if (file) files++
  })
  const update = new Promise((resolve) => stranger.on('Image:update', resolve))
  await new Promise((resolve) => stranger.on('connect', resolve as () => void))
  await server.addPicture(await draw(1))
  await update
  await known.until(() => known.files.size === 1)
  assert.equal(files, 0)
})
