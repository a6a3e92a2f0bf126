/**
 * The runtime's limit: a bare `ws` server that sends the same buffer to every viewer. Frames and
 * bytes are those of the product. `TICK` is its feed's tick in milliseconds.
 */
import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { Feed } from './feed.ts'
import { listen } from './listen.ts'

const viewers = new Set<WebSocket>()
const feed = new Feed(Number(process.env.TICK), (text) => {
  const frame = Buffer.from(`42${JSON.stringify(['changes', text])}`)
  for (const viewer of viewers) viewer.send(frame, { binary: false })
})

const http = createServer()
const server = new WebSocketServer({ server: http, perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.send('0{}')
  socket.on('message', (data: Buffer) => receive(socket, data.toString()))
  socket.on('close', () => viewers.delete(socket))
})

function receive(socket: WebSocket, text: string): void {
  if (text.startsWith('40')) return socket.send('40{}')
  const [, id, rest] = /^42(\d+)(.*)$/s.exec(text)!
  const [event, body] = JSON.parse(rest!)
  if (event === 'follow') viewers.add(socket)
  if (event === 'seed') feed.seed(body)
  if (event === 'commands') feed.patch(body.commands)
  socket.send(`43${id}${JSON.stringify([{ resumed: true, n: body.n, seq: feed.seq }])}`)
}

listen(http)
