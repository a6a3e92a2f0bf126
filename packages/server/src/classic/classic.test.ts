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

/** The fields of a picture, as events carry them. */
interface PhotoFields {
  readonly id: string
  readonly fileName: string
  readonly type: string
  readonly author: string
  readonly x: number
  readonly y: number
}
interface PhotoFile {
  readonly id: string
  readonly file: Buffer
}

const HANDSHAKE = '/socket.io/?EIO=4&transport=polling'

async function open(t: TestContext, classic = {}): Promise<ClassicServer> {
  const server = await ClassicServer.open(classic)
  t.after(() => server.close())
  return server
}

async function connectClient(t: TestContext, url: string, transport: (typeof TRANSPORTS)[number]) {
  const client = await ClassicClient.connect(url, transport)
  t.after(() => client.disconnect())
  return client
}

const post = (url: string, body: FormData, method: 'POST' | 'PUT' = 'POST') =>
  fetch(url, { method, body })

test('K1 without --classic there is no such address and no socket', async (t) => {
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
  const handshake = (origin: string) => fetch(url + HANDSHAKE, { headers: { origin } })
  assert.equal((await handshake('http://elsewhere.example')).status, 403)
  assert.equal((await handshake(url)).status, 200)
})

for (const transport of TRANSPORTS) {
  test(`K2 every picture is Image:update once; a new socket gets the newest (${transport})`, async (t) => {
    const server = await open(t)
    const early = await connectClient(t, server.url, transport)
    const [one, two, three] = await Promise.all([draw(1), draw(2, 'jpeg'), draw(3, 'gif')])
    const form = pictureForm(one, 'one.png')
    const { id } = (await (await post(`${server.url}/image`, form)).json()) as { id: string }
    const other = await server.addPicture(two, 'two.jpg')
    // Neither a move nor a removal sends Image:update.
    await server.patchPicture(id, { x: 5 })
    await fetch(`${server.url}/api/boards/main/images/${id}`, { method: 'DELETE' })
    const late = await connectClient(t, server.url, transport)
    await late.until(() => late.bodies('Image:update').length === 1)
    const last = await server.addPicture(three, 'three.gif')
    const imageUpdates = (client: ClassicClient) =>
      client.bodies<PhotoFields & PhotoFile>('Image:update')
    await early.until(() => imageUpdates(early).length >= 3)
    await late.until(() => imageUpdates(late).length >= 2)
    const [first, second, third] = [
      { id, fileName: 'one.png', type: 'image/png', file: one },
      { id: other.id, fileName: 'two.jpg', type: 'image/jpeg', file: two },
      { id: last.id, fileName: 'three.gif', type: 'image/gif', file: three },
    ]
    assert.deepEqual(imageUpdates(early).map(withBuffers), [first, second, third])
    assert.deepEqual(imageUpdates(late).map(withBuffers), [second, third])
  })

  test(`K3 K13 K18 User:connect brings an id, which everybody gets, and every picture in two events (${transport})`, async (t) => {
    const server = await open(t)
    const bytes = await draw(4)
    const own = await server.addPicture(bytes, 'own.png', '&x=-30&y=70')
    const watcher = await connectClient(t, server.url, transport)
    const client = await connectClient(t, server.url, transport)
    client.emit('User:connect')
    await client.until(() => client.bodies('Photo:update').length === 2)
    const [user] = client.bodies<string>('User:connect')
    assert.match(user!, /^[\w-]+~?$/)
    await watcher.until(() => watcher.bodies('User:update').length === 1)
    assert.deepEqual(watcher.bodies('User:update'), [user])
    assert.deepEqual(client.bodies('User:update'), [user])
    assert.deepEqual(watcher.bodies('User:connect'), [])
    const [fields, file] = client.bodies<never>('Photo:update')
    assert.deepEqual(fields, {
      id: own.id,
      fileName: 'own.png',
      type: 'image/png',
      author: own.author,
      x: 0,
      y: 70,
    })
    assert.deepEqual(withBuffers(file!), { id: own.id, file: bytes })
  })

  test(`K14 K15 K19 K20 a placeholder is announced, filled, moved and deleted for everybody (${transport})`, async (t) => {
    const server = await open(t)
    const [client, watcher] = [
      await connectClient(t, server.url, transport),
      await connectClient(t, server.url, transport),
    ]
    for (const each of [client, watcher]) each.emit('User:connect')
    await client.until(() => client.bodies('User:connect').length === 1)
    const [author] = client.bodies<string>('User:connect')
    const image = { fileName: 'drop.png', type: 'image/png', author, x: 120, y: 80 }
    const announced = await server.announce(image)
    assert.equal(announced.status, 200)
    const { id } = (await announced.json()) as { id: string }
    await watcher.until(() => watcher.bodies('Photo:update').length === 1)
    assert.deepEqual(watcher.bodies('Photo:update'), [{ id, ...image }])

    const bytes = await draw(5)
    const filled = await post(`${server.url}/image/${id}`, textForm(dataUrl(bytes)), 'PUT')
    assert.deepEqual([filled.status, await filled.json()], [200, { id }])
    await watcher.until(() => watcher.bodies('Photo:update').length === 3)
    const [, fields, file] = watcher.bodies<never>('Photo:update')
    assert.deepEqual(fields, { id, ...image })
    assert.deepEqual(withBuffers(file!), { id, file: bytes })

    client.emit('Photo:update', { id, x: 300, y: 10 })
    for (const each of [client, watcher]) {
      await each.until(() => each.bodies('Photo:update').length === 4)
      assert.deepEqual(each.bodies('Photo:update')[3], { id, ...image, x: 300, y: 10 })
    }
    assert.equal((await server.pictures())[0]!.x, 300)
    client.emit('Photo:delete', id)
    for (const each of [client, watcher]) {
      await each.until(() => each.bodies('Photo:delete').length === 1)
      assert.deepEqual(each.bodies('Photo:delete'), [id])
      assert.equal(each.bodies('Photo:update').length, 4)
    }
    assert.notEqual((await server.pictures())[0]!.deletedAt, null)
  })

  test(`K16 K17 Message:mirror comes back to its sender; so does an error (${transport})`, async (t) => {
    const server = await open(t)
    const [client, other] = [
      await connectClient(t, server.url, transport),
      await connectClient(t, server.url, transport),
    ]
    const message = { type: 'success', message: 'Image Uploaded', time: 7 }
    client.emit('Message:mirror', message)
    await client.until(() => client.bodies('Message:update').length === 1)
    assert.deepEqual(client.bodies('Message:update'), [message])
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
    for (const args of wrong) client.emit(...args)
    await client.until(() => client.bodies('Message:update').length === 1 + wrong.length)
    for (const answer of client.bodies<Record<string, unknown>>('Message:update').slice(1)) {
      assert.deepEqual(Object.keys(answer), ['type', 'message', 'time'])
      assert.equal(answer['type'], 'error')
    }
    assert.deepEqual(other.bodies('Message:update'), [])
  })

  test(`K5 K25 onimgdata is validated, goes to every other socket as showimgdata, and isn't stored (${transport})`, async (t) => {
    const server = await open(t)
    const bytes = await draw(6)
    const [sender, ...others] = await Promise.all(
      [1, 2, 3].map(() => connectClient(t, server.url, transport)),
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
      sender!.emit('onimgdata', each)
      await sender!.until(() => sender!.bodies('Message:update').length === i + 1)
    }
    sender!.emit('onimgdata', shown)
    for (const each of others) await each.until(() => each.bodies('showimgdata').length === 1)
    // The declared type and further fields are ignored.
    const mislabelled = `data:text/html;x="y";base64,${bytes.toString('base64')}`
    sender!.emit('onimgdata', { ...shown, source: mislabelled, further: 'x' })
    for (const each of others) await each.until(() => each.bodies('showimgdata').length === 2)
    sender!.emit('onimgdata', { ...shown, source: bytes })
    for (const each of others) {
      await each.until(() => each.bodies('showimgdata').length === 3)
      const [first, second, third] = each.bodies<typeof shown>('showimgdata')
      assert.deepEqual([first, second], [shown, shown])
      assert.deepEqual(withBuffers(third! as never), { ...shown, source: bytes })
    }
    assert.deepEqual(sender!.bodies('showimgdata'), [])
    assert.deepEqual(await server.pictures(), [])
  })

  test(`K28 one picture for V viewers is V messages; a viewer that left is sent nothing (${transport})`, async (t) => {
    const server = await open(t)
    const viewers = await Promise.all(
      Array.from({ length: 6 }, () => connectClient(t, server.url, transport)),
    )
    const [gone, ...present] = viewers
    const { sid } = gone!
    gone!.disconnect()
    await server.whenSessionEnds(sid)
    const { mock } = t.mock.method(Socket.prototype, 'emit')
    await server.addPicture(await draw(7))
    // Once the second picture has arrived, everything about the first has been sent.
    const last = await server.addPicture(await draw(8))
    for (const each of present)
      await each.until(() =>
        each.bodies<PhotoFile>('Image:update').some(({ id }) => id === last.id),
      )
    const counts = viewers.map((each) => each.bodies('Image:update').length)
    assert.deepEqual(counts, [0, 2, 2, 2, 2, 2])
    const sent = mock.calls.filter(({ arguments: [event] }) => event === 'Image:update')
    assert.equal(sent.length, 2 * present.length)
  })
}

test('K12 a picture too large for a socket is sent as its largest variant', async (t) => {
  const server = await ClassicServer.open({}, { maxUpload: 40_000_000 })
  t.after(() => server.close())
  const client = await connectClient(t, server.url, 'websocket')
  const [width, height] = [2_600, 2_200]
  const noise = sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
  const { id } = await server.addPicture(await noise.png({ compressionLevel: 0 }).toBuffer())
  await client.until(() => client.bodies('Image:update').length === 1)
  const [update] = client.bodies<PhotoFields & PhotoFile>('Image:update')
  assert.deepEqual([update!.id, update!.type], [id, 'image/webp'])
  assert.equal((await sharp(update!.file).metadata()).width, 1280)
  assert.equal(client.bodies<PhotoFields>('Photo:update').at(-1)!.type, 'image/webp')
})

/** Returns an event's body with its bytes as a Buffer, whatever the transport made them. */
function withBuffers<T extends object>(body: T): T {
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      key,
      value instanceof Uint8Array || value instanceof ArrayBuffer
        ? Buffer.from(value as Uint8Array)
        : value,
    ]),
  ) as T
}
