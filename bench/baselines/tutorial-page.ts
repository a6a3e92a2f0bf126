/**
 * The tutorial way with its page: a dropped file is posted whole, stored, and sent to each socket
 * by a feed of its own. It is kinder than the tutorials: raw bytes instead of base64, no database,
 * and each feed sends to its own socket only.
 */
import { EventEmitter } from 'node:events'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { Server } from 'socket.io'
import { listen } from './listen.ts'

const PAGE = `<!doctype html>
<meta charset="utf-8"><title>Photos</title>
<style>body { margin: 1rem } img { display: block; max-width: 100%; max-height: 90vh }</style>
<script src="/live/socket.io.js"></script>
<script>
  const socket = io({ path: '/live', transports: ['websocket'] })
  socket.on('connect', () => { document.querySelector('.connection').textContent = 'Live' })
  socket.on('image', (name, bytes) => {
    const image = new Image()
    image.src = URL.createObjectURL(new Blob([bytes], { type: 'image/jpeg' }))
    document.body.prepend(image)
  })
  addEventListener('dragover', (event) => event.preventDefault())
  addEventListener('drop', (event) => {
    event.preventDefault()
    const [file] = event.dataTransfer.files
    fetch('/upload', { method: 'POST', body: file })
  })
</script>
<body><p class="connection"></p></body>`

const folder = await mkdtemp(join(tmpdir(), 'wirephoto-bench-'))
const table = new EventEmitter().setMaxListeners(0)
const http = createServer((request, response) => void answer(request, response))
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url !== '/upload') {
    response.setHeader('content-type', 'text/html').end(request.url === '/' ? PAGE : '')
    return
  }
  const bytes = await buffer(request)
  await writeFile(join(folder, 'image.jpg'), bytes)
  table.emit('change', bytes)
  response.end()
}
const io = new Server(http, { path: '/live', transports: ['websocket'], perMessageDeflate: false })
io.on('connection', (socket) => {
  const feed = (bytes: Buffer) => socket.emit('image', 'image.jpg', bytes)
  table.on('change', feed)
  socket.on('disconnect', () => table.off('change', feed))
})

listen(http)
