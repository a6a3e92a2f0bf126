/**
 * The runtime's limit for bytes: a bare `ws` server. Every viewer gets a message as it came: one
 * `changes` message, then each preview as two frames, in the same buffers for all. A message without
 * previews has changes only.
 */
import { createServer } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { listen } from './listen.ts'

const viewers = new Set<WebSocket>()
const http = createServer()
const server = new WebSocketServer({ server: http, perMessageDeflate: false })
server.on('connection', (socket) => {
  let push: (Push & { id: string }) | null = null
  socket.send('0{}')
  socket.on('close', () => viewers.delete(socket))
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) {
      push!.bytes.push(data)
      if (push!.bytes.length < push!.names.length) return
      socket.send(`43${push!.id}[{}]`)
      forward(push!)
      push = null
      return
    }
    const text = data.toString()
    if (text.startsWith('40')) return socket.send('40{}')
    const [, type, id, rest] = /^4([25])(?:\d+-)?(\d+)(.*)$/s.exec(text) ?? []
    // Pages say more than they ask.
    if (id === undefined) return
    const [event, body] = JSON.parse(rest!)
    if (type === '5') {
      push = { id, text: body.text, names: Object.keys(body.previews), bytes: [] }
      return
    }
    if (event === 'follow') viewers.add(socket)
    if (event === 'commands') forward({ text: body.text, names: [], bytes: [] })
    socket.send(`43${id}${JSON.stringify([{ resumed: true }])}`)
  })
})

interface Push {
  text?: string
  names: string[]
  bytes: Buffer[]
}

function forward({ text, names, bytes }: Push): void {
  if (text) {
    const changes = Buffer.from(`42${JSON.stringify(['changes', text])}`)
    for (const viewer of viewers) viewer.send(changes, { binary: false })
  }
  for (const [i, name] of names.entries()) {
    const event = ['preview', name, { _placeholder: true, num: 0 }]
    const head = Buffer.from(`451-${JSON.stringify(event)}`)
    for (const viewer of viewers) {
      viewer.send(head, { binary: false })
      viewer.send(bytes[i]!, { binary: true })
    }
  }
}

listen(http)
