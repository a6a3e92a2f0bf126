import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { openBoard } from '@wirephoto/client'
import { ServerProcess } from '../support/server-process.ts'

const CONNECTIONS_COUNT = 4

test('Y44: a page whose address has too many connections is told so, and goes on by itself', {
  timeout: 60_000,
}, async (t) => {
  const bound = `connections-per-address=${CONNECTIONS_COUNT}`
  const server = await ServerProcess.open({ args: ['--bound', bound] })
  t.after(() => server.close())
  const idle: Socket[] = []
  t.after(() => idle.forEach((socket) => socket.destroy()))
  for (let i = 0; i < CONNECTIONS_COUNT; i++) {
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    idle.push(socket)
    await once(socket, 'connect')
    // Its headers are never complete.
    socket.write('GET / HTTP/1.1\r\n')
  }
  const board = openBoard({ url: server.url, board: 'main' })
  t.after(() => board.close())
  const is = (isThere: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => isThere() && resolve()
      board.on('status', look)
      look()
    })
  await is(() => board.status.trouble?.code === 'too-many')
  assert.equal(board.status.connection, 'offline')
  for (const socket of idle) socket.destroy()
  await is(() => board.status.connection === 'live')
})
