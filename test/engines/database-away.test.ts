import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { errorMessages, uuidv7 } from '@wirephoto/board'
import { io, type Socket } from 'socket.io-client'
import { cleanupAfter } from '../support/cleanup.ts'
import { type Database, databaseProviders } from '../support/databases.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { drawPicture } from '../support/pictures.ts'
import { WireClient } from '../support/wire-client.ts'

const BOARD = 'main'
const newId = () => uuidv7(Date.now(), randomBytes(10))
const AWAY = { code: 'away', message: errorMessages.away({}) }
const bytes = new Uint8Array(await drawPicture({ width: 200, height: 150 }))

const TUS = { 'tus-resumable': '1.0.0' }

/** The ways in which a database goes, and comes back. */
const WAYS = {
  killed: {
    go: (database: Database) => database.kill!(),
    comeBack: (database: Database) => database.start(),
    beforeClose: () => {},
  },
  paused: {
    go: (database: Database) => database.signal!('SIGSTOP'),
    comeBack: (database: Database) => database.signal!('SIGCONT'),
    // A database that stays paused can't be closed.
    beforeClose: (database: Database) => database.signal?.('SIGCONT'),
  },
} as const

for (const provider of await databaseProviders())
  describe(provider.name, { skip: provider.skipReason ?? false }, () => {
    for (const [how, way] of Object.entries(WAYS))
      test(`F7, W17, W18: every door says that the ${how} database is away, and goes on when it is back`, {
        timeout: 200_000,
      }, async (t) => {
        const { database, server } = await openServer(t, way.beforeClose)
        if (!database.kill)
          return t.skip('needs a database of its own: put its program on the PATH')
        const wireClient = await WireClient.connect(server.url, BOARD)
        t.after(() => wireClient.close())
        const socket = await classicSocket(t, server.url)
        const [kept, lost] = [newId(), newId()]
        const add = (id: string) =>
          ({ kind: 'image.add', id, width: 200, height: 150, name: 'a.jpg' }) as const
        await wireClient.send(add(kept))

        await way.go(database)
        const message = { client: newId(), n: 1, commands: [add(lost)] }
        assert.deepEqual(await wireClient.sendMessage(message), { error: AWAY }, 'the socket')
        const pictures = `${server.url}/api/boards/${BOARD}/images`
        await assertAway('readyz', fetch(`${server.url}/readyz`))
        const measured = await (await fetch(`${server.url}/metrics`)).text()
        assert.match(measured, /^wirephoto_not_ready\{reason="away"\} 1$/m, 'E122')
        await assertAway('DELETE', fetch(`${pictures}/${kept}`, { method: 'DELETE' }))
        await assertAway('another board', fetch(`${server.url}/api/boards/x/snapshot`))
        // A file that is put into a database that hangs takes half a minute to fail.
        if (how === 'killed') await assertUploadsAway(server, kept)
        const refusal = new Promise<{ message: string }>((resolve) =>
          socket.once('Message:update', resolve),
        )
        socket.emit('Photo:delete', kept)
        assert.equal((await refusal).message, AWAY.message, 'a classic socket')

        await way.comeBack(database)
        await whenReady(server)
        for (let answer = await wireClient.sendMessage(message); 'error' in answer; )
          answer = await wireClient.sendMessage(message)
        const again = await wireClient.sendMessage(message)
        assert.equal(again.n, 1)
        const found = await wireClient.pictures()
        assert.equal(found.filter(({ id }) => id === lost).length, 1, 'F3: once')
        if (how === 'paused') return
        // Asking for the offset of a complete upload stores it.
        await fetch(`${server.url}/api/boards/${BOARD}/uploads/${kept}`, {
          method: 'HEAD',
          headers: TUS,
        })
        const { blob: stored } = (await (await fetch(`${pictures}/${kept}`)).json()) as {
          blob: string | null
        }
        assert.ok(stored, 'the upload has gone on from what the server had')
      })
  })

async function openServer(t: TestContext, beforeClose: (database: Database) => unknown) {
  const stack = cleanupAfter(t)
  const [provider] = (await databaseProviders()).filter(({ name }) => t.fullName.startsWith(name))
  const database = stack.adopt(await provider!.open(), (each) => each.close())
  const server = stack.adopt(
    await InProcessServer.open({
      engine: await database.newUrl(),
      classic: { board: BOARD, pages: null, port: null },
    }),
    (each) => each.close(),
  )
  stack.defer(async () => void (await beforeClose(database)))
  return { database, server }
}

async function assertAway(door: string, answering: Promise<Response>): Promise<void> {
  const answer = await answering
  assert.equal(answer.status, 503, door)
  assert.ok(Number(answer.headers.get('retry-after')) > 0, door)
  const { error } = (await answer.json()) as { error: unknown }
  assert.deepEqual(error, AWAY, door)
}

async function whenReady({ url }: InProcessServer): Promise<void> {
  while ((await fetch(`${url}/readyz`)).status !== 200);
}

/** Sends a picture through each door for files. */
async function assertUploadsAway({ url }: InProcessServer, announced: string): Promise<void> {
  const body = new Blob([bytes])
  await assertAway('POST', fetch(`${url}/api/boards/${BOARD}/images`, { method: 'POST', body }))
  await assertAway('PUT', fetch(`${url}/a.jpg`, { method: 'PUT', body }))
  const headers = {
    ...TUS,
    'content-type': 'application/offset+octet-stream',
    'upload-length': String(bytes.length),
    'upload-metadata': `id ${Buffer.from(announced).toString('base64')}`,
  }
  const uploads = `${url}/api/boards/${BOARD}/uploads`
  await assertAway('tus', fetch(uploads, { method: 'POST', headers, body }))
  const form = new FormData()
  form.set('file', body, 'a.jpg')
  const classic = await fetch(`${url}/image`, { method: 'POST', body: form })
  assert.equal(classic.status, 503)
  assert.equal(((await classic.json()) as { message: string }).message, AWAY.message)
}

async function classicSocket(t: TestContext, url: string): Promise<Socket> {
  const socket = io(url, { transports: ['websocket'], forceNew: true })
  t.after(() => socket.close())
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return socket
}
