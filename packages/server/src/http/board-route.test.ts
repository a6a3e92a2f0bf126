import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type AnyRecord, uuidv7, WireError } from '@wirephoto/board'
import type { FastifyRequest } from 'fastify'
import { Harness } from '../../support/http-harness.ts'
import { LiveBoard } from '../boards/live-board.ts'
import { TrustedClock } from '../trusted-clock.ts'
import { atBoard, pictureOf, storedPictureOf } from './board-route.ts'

let server: Harness
before(async () => {
  server = await Harness.open()
})
after(() => server.close())

const request = (params: Record<string, string>) =>
  ({
    params,
    raw: { headers: {}, readableDidRead: false, socket: { remoteAddress: '127.0.0.1' } },
  }) as unknown as FastifyRequest
const context = () => ({ boards: server.boards, guard: server.guard })

/** Appends a picture past the live board, as another server does. */
async function appendElsewhere(id: string): Promise<void> {
  const { cursor, records } = await server.engine.log.load('main')
  const [like] = records as [AnyRecord & { kind: 'image' }]
  const changes = [{ put: { ...like, id } }]
  await server.engine.log.append('main', { expected: cursor, changes, clients: new Map() })
}

test('a route is run once, also when it finds nothing and another server has news', async () => {
  await server.announce()
  let runs = 0
  const route = async () => {
    using _at = await atBoard(context(), request({ board: 'main' }), 'read')
    runs++
    await appendElsewhere(uuidv7(Date.now(), randomBytes(10)))
    throw new WireError('not-found')
  }
  await assert.rejects(route(), { code: 'not-found' })
  assert.equal(runs, 1)
})

test('L7: a picture that another server has just added or stored is found', async () => {
  // No doorbell rings for this one.
  const log = Object.assign(Object.create(server.engine.log), { watch: () => () => {} })
  const board = await LiveBoard.open({ ...server.engine, log }, 'main', new TrustedClock())
  const id = await server.announce()
  assert.equal(board.records.has(id), false)
  assert.equal((await pictureOf(board, request({ id }))).id, id)
  await assert.rejects(storedPictureOf(board, request({ id })), { code: 'not-found' })
  const blob = 'a'.repeat(64)
  const settle = { kind: 'image.settle', id, blob, bytes: 9, type: 'image/png' } as const
  const size = { width: 4, height: 3, thumbhash: 'abcd', animated: false }
  await server.act([{ ...settle, ...size }])
  assert.equal(board.pictureWithBlob(blob), undefined)
  assert.equal((await storedPictureOf(board, request({ id }))).blob, blob)
  await assert.rejects(pictureOf(board, request({ id: 'none' })), { code: 'unknown-picture' })
  await assert.rejects(storedPictureOf(board, request({ id: 'none' })), { code: 'unknown-picture' })
  await board.close()
})
