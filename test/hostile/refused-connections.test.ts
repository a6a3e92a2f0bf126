import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { type Board, openBoard } from '@wirephoto/client'
import { Gateway } from '../support/gateway.ts'
import { InProcessServer } from '../support/in-process-server.ts'
import { ServerProcess } from '../support/server-process.ts'
import { trySocket } from '../support/try-socket.ts'

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
  await until(board, () => board.status.trouble?.code === 'too-many')
  assert.equal(board.status.connection, 'offline')
  for (const socket of idle) socket.destroy()
  await until(board, () => board.status.connection === 'live')
})

test('J19: a page whose address opens too many sockets waits as long as it is told', {
  timeout: 60_000,
}, async (t) => {
  // Twenty seconds' worth at once, and then one every two seconds.
  const server = await InProcessServer.open({ bounds: { 'sockets-per-address': 0.5 } })
  t.after(() => server.close())
  const gateway = await Gateway.open(server.port)
  t.after(() => gateway.close())
  while ((await trySocket(t, server.url)) === 'open');
  const board = openBoard({ url: gateway.url, board: 'main' })
  t.after(() => board.close())
  await until(board, () => board.status.trouble?.code === 'too-many')
  assert.ok(board.status.trouble!.retryAfterS! >= 1)
  await until(board, () => board.status.connection === 'live')
  assert.equal(gateway.upgradeCount, 2)
})

const until = (board: Board, isSo: () => boolean) =>
  new Promise<void>((resolve) => {
    const look = () => isSo() && resolve()
    board.on('status', look)
    look()
  })
