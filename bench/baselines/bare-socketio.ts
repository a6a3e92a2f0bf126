/**
 * The cost of Socket.IO itself: every message is one `io.emit`. `TICK` is its feed's tick in
 * milliseconds.
 */
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { Feed } from './feed.ts'
import { listen } from './listen.ts'

const http = createServer()
const io = new Server(http, { path: '/live', transports: ['websocket'], perMessageDeflate: false })
const feed = new Feed(Number(process.env.TICK), (text) => io.emit('changes', text))
io.on('connection', (socket) => {
  socket.on('follow', (_, ack) => ack({ resumed: true }))
  socket.on('seed', (body, ack) => {
    feed.seed(body)
    ack({})
  })
  socket.on('commands', ({ n, commands }, ack) => {
    feed.patch(commands)
    ack({ n, seq: feed.seq })
  })
})

listen(http)
