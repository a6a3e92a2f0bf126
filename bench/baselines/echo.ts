/** A Socket.IO server that acknowledges every message and does nothing else. */
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { listen } from './listen.ts'

const http = createServer()
const io = new Server(http, { path: '/live', transports: ['websocket'], perMessageDeflate: false })
io.on('connection', (socket) => {
  socket.on('commands', ({ n }, ack) => ack({ n, seq: n, refused: [] }))
})

listen(http)
