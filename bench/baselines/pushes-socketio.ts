/** The cost of Socket.IO itself: it sends what it receives to everybody, with `io.emit`. */
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { listen } from './listen.ts'

const http = createServer()
const io = new Server(http, { path: '/live', transports: ['websocket'], perMessageDeflate: false })
io.on('connection', (socket) => {
  socket.on('follow', (_, ack) => {
    void socket.join('viewers')
    ack({ resumed: true })
  })
  socket.on('commands', ({ text, previews }, ack) => {
    if (text) io.to('viewers').emit('changes', text)
    for (const [id, bytes] of Object.entries(previews)) io.to('viewers').emit('preview', id, bytes)
    ack({})
  })
})

listen(http)
