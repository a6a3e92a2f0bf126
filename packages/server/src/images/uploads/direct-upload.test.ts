import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { uuidv7 } from '@wirephoto/board'
import sharp from 'sharp'
import { errorOf, Harness } from '../../../support/http-harness.ts'
import type { Bounds } from '../../bounds.ts'

const LOOK_INTERVAL_MS = 20

async function open(t: TestContext, bounds: Partial<Bounds>) {
  const server = await Harness.open({ bounds })
  t.after(() => server.close())
  const png = await sharp({ create: { width: 400, height: 300, channels: 3, background: '#c30' } })
    .png()
    .toBuffer()
  return { server, png }
}

test('Y22: a picture that comes whole counts for the bytes of its board', async (t) => {
  const { server, png } = await open(t, { 'board-bytes': 1_500 })
  const put = (caption: string) =>
    fetch(`${server.url}/a.png?caption=${caption}`, { method: 'PUT', body: new Uint8Array(png) })
  assert.equal((await put('short')).status, 201)
  const refused = await put('x'.repeat(1_000))
  assert.equal(refused.status, 422)
  assert.equal((await errorOf(refused)).code, 'board-full')
  assert.equal((await server.pictures()).length, 1)
})

test('Y37: a picture that comes whole counts for its sender’s address', {
  timeout: 30_000,
}, async (t) => {
  const { server, png } = await open(t, { 'arriving-per-address': 1 })
  const sending = request({ host: '127.0.0.1', port: server.port, method: 'PUT', path: '/a.png' })
  sending.on('error', () => {})
  t.after(() => sending.destroy())
  sending.setHeader('content-length', png.length)
  // It is announced when its size is known and it takes a while.
  for (let sent = 60; (await server.pictures()).length === 0; sent++) {
    sending.write(png.subarray(sent === 60 ? 0 : sent - 1, sent))
    await setTimeout(LOOK_INTERVAL_MS)
  }
  const announce = (address: string) => {
    const id = uuidv7(Date.now(), randomBytes(10))
    const add = { kind: 'image.add', id, name: '', width: 4, height: 3 } as const
    return server.act([add], { visitor: address, address, role: 'edit' })
  }
  await assert.rejects(announce('127.0.0.1'), { code: 'too-many' })
  await announce('127.0.0.2')
})
