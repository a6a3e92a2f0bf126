import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { residentBytes } from '../support/resident-memory.ts'
import { ServerProcess } from '../support/server-process.ts'
import { trySocket } from '../support/try-socket.ts'

const MEGABYTE_BYTES = 1_000_000
const PIPELINING_COUNT = 4
const PIPELINED_COUNT = 100_000
const ROUNDS_COUNT = 30

test('Y1, Y2: pipelining without reading takes neither descriptors nor memory from others', async (t) => {
  if (process.platform !== 'linux') return t.skip('reads /proc')
  const server = await ServerProcess.open()
  const sockets: Socket[] = []
  t.after(() => {
    // A server that closes waits for answers that are being taken.
    for (const socket of sockets) socket.destroy()
    return server.close()
  })
  const descriptors = async () => (await readdir(`/proc/${server.pid}/fd`)).length
  const isWell = async () => (await fetch(`${server.url}/healthz`)).ok
  assert.ok(await isWell())
  const before = { descriptors: await descriptors(), rss: residentBytes(server.pid) }
  const many = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(PIPELINED_COUNT))
  for (let i = 0; i < PIPELINING_COUNT; i++) {
    const socket = connect(server.port, '127.0.0.1')
    // One with too many requests is reset.
    socket.on('error', () => {})
    sockets.push(socket)
    await once(socket, 'connect')
    socket.pause()
    socket.write(many)
  }
  const most = { descriptors: 0, rss: 0 }
  for (let i = 0; i < ROUNDS_COUNT; i++) {
    assert.ok(await isWell())
    most.descriptors = Math.max(most.descriptors, await descriptors())
    most.rss = Math.max(most.rss, residentBytes(server.pid))
    await setTimeout(30)
  }
  const more = Math.round((most.rss - before.rss) / MEGABYTE_BYTES)
  t.diagnostic(`${most.descriptors} descriptors, ${more} MB more`)
  assert.ok(most.descriptors - before.descriptors < 100, `${most.descriptors} descriptors`)
  assert.ok(more < 100, `${more} MB more`)
})

test('Y10: an address that opens sockets without end is answered too-many', async (t) => {
  const server = await ServerProcess.open({ args: ['--bound', 'sockets-per-address=1'] })
  t.after(() => server.close())
  const codes: string[] = []
  for (let i = 0; i < 40; i++) codes.push(await trySocket(t, server.url))
  assert.deepEqual(new Set(codes), new Set(['open', 'too-many']))
  assert.ok(codes.slice(0, 20).every((code) => code === 'open'))
})
