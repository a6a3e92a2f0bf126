/** Fastify and Socket.IO with nothing behind them: the least that such a server needs to start. */
import { fastify } from 'fastify'
import { Server } from 'socket.io'

const app = fastify()
app.get('/healthz', () => ({ ok: true }))
const io = new Server(app.server, { path: '/live', transports: ['websocket'] })
io.on('connection', (socket) => socket.emit('hello'))
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
