import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import sharp from 'sharp'
import { Socket } from 'socket.io'
import {
  ClassicClient,
  ClassicServer,
  dataUrl,
  draw,
  pictureForm,
  TRANSPORTS,
  textForm,
} from '../../support/classic-client.ts'

/** What the events say of pictures. */
interface Facts {
  readonly id: string
  readonly fileName: string
  readonly type: string
  readonly author: string
  readonly x: number
  readonly y: number
}
interface File {
  readonly id: string
  readonly file: Buffer
}

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling'

async function open(t: TestContext, classic = {}): Promise<ClassicServer> {
  const server = await ClassicServer.open(classic)
  t.after(() => server.close())
  return server
}

async function come(t: TestContext, url: string, transport: (typeof TRANSPORTS)[number]) {
  const guest = await ClassicClient.come(url, transport)
  t.after(() => guest.leave())
  return guest
}

const post = (url: string, body: FormData, method: 'POST' | 'PUT' = 'POST') =>
  fetch(url, { method, body })

test('K1 without --classic there is no such address, and no socket', async (t) => {
  const server = await ClassicServer.open(null)
  t.after(() => server.close())
  for (const path of ['/image/download/x', '/socket.io/socket.io.js', HANDSHAKE, '/config.js'])
    assert.equal((await fetch(server.url + path)).status, 404)
  assert.equal((await post(`${server.url}/image`, pictureForm(await draw(1)))).status, 404)
})

test('K11 H2 the client script is served, and another site gets no socket', async (t) => {
  const { url } = await open(t)
  const script = await fetch(`${url}/socket.io/socket.io.js`)
  assert.match(script.headers.get('content-type') ?? '', /javascript/)
  assert.match(await script.text(), /Socket\.IO v4/)
  const shake = (origin: string) => fetch(url + HANDSHAKE, { headers: { origin } })
  assert.equal((await shake('http://elsewhere.example')).status, 403)
  assert.equal((await shake(url)).status, 200)
})

for (const transport of TRANSPORTS) {
  test(`K2 every picture is Image:update once; whoever comes gets the newest (${transport})`, async (t) => {
    const server = await open(t)
    const early = await come(t, server.url, transport)
    const [one, two, three] = await Promise.all([draw(1), draw(2, 'jpeg'), draw(3, 'gif')])
    const form = pictureForm(one, 'one.png')
    const { id } = (await (await post(`${server.url}/image`, form)).json()) as { id: string }
    const other = await server.put(two, 'two.jpg')
    // Neither moved nor deleted is it news.
    await server.patch(id, { x: 5 })
    await fetch(`${server.url}/api/boards/main/images/${id}`, { method: 'DELETE' })
    const late = await come(t, server.url, transport)
    await late.until(() => late.of('Image:update').length === 1)
    const last = await server.put(three, 'three.gif')
    const news = (guest: ClassicClient) => guest.of<Facts & File>('Image:update')
    await early.until(() => news(early).length >= 3)
    await late.until(() => news(late).length >= 2)
    const [first, second, third] = [
      { id, fileName: 'one.png', type: 'image/png', file: one },
      { id: other.id, fileName: 'two.jpg', type: 'image/jpeg', file: two },
      { id: last.id, fileName: 'three.gif', type: 'image/gif', file: three },
    ]
    assert.deepEqual(news(early).map(exact), [first, second, third])
    assert.deepEqual(news(late).map(exact), [second, third])
  })

  test(`K3 K13 K18 User:connect: an id, all are told, every picture in two events (${transport})`, async (t) => {
    const server = await open(t)
    const bytes = await draw(4)
    const own = await server.put(bytes, 'own.png', '&x=-30&y=70')
    const watcher = await come(t, server.url, transport)
    const guest = await come(t, server.url, transport)
    guest.say('User:connect')
    await guest.until(() => guest.of('Photo:update').length === 2)
    const [user] = guest.of<string>('User:connect')
    assert.match(user!, /^[\w-]+$/)
    await watcher.until(() => watcher.of('User:update').length === 1)
    assert.deepEqual(watcher.of('User:update'), [user])
    assert.deepEqual(guest.of('User:update'), [user])
    assert.deepEqual(watcher.of('User:connect'), [])
    const [facts, file] = guest.of<never>('Photo:update')
    assert.deepEqual(facts, {
      id: own.id,
      fileName: 'own.png',
      type: 'image/png',
      author: own.author,
      x: 0,
      y: 70,
    })
    assert.deepEqual(exact(file!), { id: own.id, file: bytes })
  })

  test(`K14 K15 K19 K20 a placeholder is announced, filled, moved and deleted before all (${transport})`, async (t) => {
    const server = await open(t)
    const [guest, watcher] = [
      await come(t, server.url, transport),
      await come(t, server.url, transport),
    ]
    for (const each of [guest, watcher]) each.say('User:connect')
    await guest.until(() => guest.of('User:connect').length === 1)
    const [author] = guest.of<string>('User:connect')
    const image = { fileName: 'drop.png', type: 'image/png', author, x: 120, y: 80 }
    const announced = await server.announce(image)
    assert.equal(announced.status, 200)
    const { id } = (await announced.json()) as { id: string }
    await watcher.until(() => watcher.of('Photo:update').length === 1)
    assert.deepEqual(watcher.of('Photo:update'), [{ id, ...image }])

    const bytes = await draw(5)
    const filled = await post(`${server.url}/image/${id}`, textForm(dataUrl(bytes)), 'PUT')
    assert.deepEqual([filled.status, await filled.json()], [200, { id }])
    await watcher.until(() => watcher.of('Photo:update').length === 3)
    const [, facts, file] = watcher.of<never>('Photo:update')
    assert.deepEqual(facts, { id, ...image })
    assert.deepEqual(exact(file!), { id, file: bytes })

    guest.say('Photo:update', { id, x: 300, y: 10 })
    for (const each of [guest, watcher]) {
      await each.until(() => each.of('Photo:update').length === 4)
      assert.deepEqual(each.of('Photo:update')[3], { id, ...image, x: 300, y: 10 })
    }
    assert.equal((await server.pictures())[0]!.x, 300)
    guest.say('Photo:delete', id)
    for (const each of [guest, watcher]) {
      await each.until(() => each.of('Photo:delete').length === 1)
      assert.deepEqual(each.of('Photo:delete'), [id])
      assert.equal(each.of('Photo:update').length, 4)
    }
    assert.notEqual((await server.pictures())[0]!.deletedAt, null)
  })

  test(`K16 K17 Message:mirror comes back to its sender; what can't be done is told to it (${transport})`, async (t) => {
    const server = await open(t)
    const [guest, other] = [
      await come(t, server.url, transport),
      await come(t, server.url, transport),
    ]
    const message = { type: 'success', message: 'Image Uploaded', time: 7 }
    guest.say('Message:mirror', message)
    await guest.until(() => guest.of('Message:update').length === 1)
    assert.deepEqual(guest.of('Message:update'), [message])
    const wrong: [string, ...unknown[]][] = [
      ['Photo:delete', 'nobody'],
      ['Photo:delete', '01890000-0000-7000-8000-000000000000'],
      ['Photo:delete', { $ne: 1 }],
      ['Photo:delete'],
      ['Photo:update'],
      ['Photo:update', null],
      ['Photo:update', { id: 7, x: 'left', y: [] }],
      ['onimgdata', { width: 1, height: 1 }],
    ]
    for (const args of wrong) guest.say(...args)
    await guest.until(() => guest.of('Message:update').length === 1 + wrong.length)
    for (const told of guest.of<Record<string, unknown>>('Message:update').slice(1)) {
      assert.deepEqual(Object.keys(told), ['type', 'message', 'time'])
      assert.equal(told['type'], 'error')
    }
    assert.deepEqual(other.of('Message:update'), [])
  })

  test(`K5 K25 onimgdata is showimgdata to every other socket, a picture, and not kept (${transport})`, async (t) => {
    const server = await open(t)
    const bytes = await draw(6)
    const [sender, ...others] = await Promise.all(
      [1, 2, 3].map(() => come(t, server.url, transport)),
    )
    const shown = { width: 40, height: 30, source: dataUrl(bytes) }
    const text = Buffer.from('<script>alert(1)</script>'.repeat(400))
    const refused = [
      { ...shown, source: dataUrl(text) },
      { ...shown, source: text },
      { ...shown, source: `${shown.source.slice(0, 90)}` },
      { ...shown, source: 'http://elsewhere.example/p.png' },
      { ...shown, width: 'javascript:' },
    ]
    for (const [i, each] of refused.entries()) {
      sender!.say('onimgdata', each)
      await sender!.until(() => sender!.of('Message:update').length === i + 1)
    }
    sender!.say('onimgdata', shown)
    for (const each of others) await each.until(() => each.of('showimgdata').length === 1)
    // Whatever it said of itself, or hid behind.
    const lies = `data:text/html;x="y";base64,${bytes.toString('base64')}`
    sender!.say('onimgdata', { ...shown, source: lies, further: 'x' })
    for (const each of others) await each.until(() => each.of('showimgdata').length === 2)
    sender!.say('onimgdata', { ...shown, source: bytes })
    for (const each of others) {
      await each.until(() => each.of('showimgdata').length === 3)
      const [first, second, third] = each.of<typeof shown>('showimgdata')
      assert.deepEqual([first, second], [shown, shown])
      assert.deepEqual(exact(third! as never), { ...shown, source: bytes })
    }
    assert.deepEqual(sender!.of('showimgdata'), [])
    assert.deepEqual(await server.pictures(), [])
  })

  test(`K28 one picture before V viewers is V messages; who left is sent nothing (${transport})`, async (t) => {
    const server = await open(t)
    const viewers = await Promise.all(
      Array.from({ length: 6 }, () => come(t, server.url, transport)),
    )
    const [gone, ...present] = viewers
    const { sid } = gone!
    gone!.leave()
    await server.ended(sid)
    const { mock } = t.mock.method(Socket.prototype, 'emit')
    await server.put(await draw(7))
    // What comes after all that could be sent for the first.
    const last = await server.put(await draw(8))
    for (const each of present)
      await each.until(() => each.of<File>('Image:update').some(({ id }) => id === last.id))
    const counts = viewers.map((each) => each.of('Image:update').length)
    assert.deepEqual(counts, [0, 2, 2, 2, 2, 2])
    const sent = mock.calls.filter(({ arguments: [event] }) => event === 'Image:update')
    assert.equal(sent.length, 2 * present.length)
  })
}

test('K12 of a picture too large for a socket its largest variant is sent', async (t) => {
  const server = await ClassicServer.open({}, { maxUpload: 40_000_000 })
  t.after(() => server.close())
  const guest = await come(t, server.url, 'websocket')
  const [width, height] = [2_600, 2_200]
  const noise = sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
  const { id } = await server.put(await noise.png({ compressionLevel: 0 }).toBuffer())
  await guest.until(() => guest.of('Image:update').length === 1)
  const [news] = guest.of<Facts & File>('Image:update')
  assert.deepEqual([news!.id, news!.type], [id, 'image/webp'])
  assert.equal((await sharp(news!.file).metadata()).width, 1280)
  assert.equal(guest.of<Facts>('Photo:update').at(-1)!.type, 'image/webp')
})

/** With its bytes as one kind of buffer. */
function exact<T extends object>(body: T): T {
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      key,
      value instanceof Uint8Array || value instanceof ArrayBuffer
        ? Buffer.from(value as Uint8Array)
        : value,
    ]),
  ) as T
}
