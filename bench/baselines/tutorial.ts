/**
 * The tutorial way: a picture as base64 in one event, and one changefeed for every socket. Each
 * feed emits to everybody: V x V messages for V viewers. Its database is an event emitter, which is
 * kind to it.
 */
import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { listen } from './listen.ts'

const table = new EventEmitter().setMaxListeners(0)
const http = createServer()
const io = new Server(http, {
  path: '/live',
  transports: ['websocket'],
  perMessageDeflate: false,
  maxHttpBufferSize: 1e8,
})
io.on('connection', (socket) => {
  const feed = (picture: unknown) => io.emit('image', picture)
  table.on('change', feed)
  socket.on('disconnect', () => table.off('change', feed))
  socket.on('upload', (picture, ack) => {
    table.emit('change', picture)
    ack({})
  })
})

listen(http)
