import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createWirephoto } from 'wirephoto'

/*
 * The photo wall of the tutorial: drop pictures anywhere, drag them around, and everybody sees it.
 *
 *   node examples/tutorial/server.ts [folder] [port]
 */
const [data = './data', port = '8000'] = process.argv.slice(2)
const page = await readFile(new URL('index.html', import.meta.url))

// Routes of your own. They may be those of an app of Express.
const server = createServer((request, response) => {
  if (request.url !== '/') return response.writeHead(404).end('There is nothing here.\n')
  return response.setHeader('content-type', 'text/html; charset=utf-8').end(page)
})
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')

// The board that everybody may change, and the library that the page uses.
const wirephoto = await createWirephoto({ server, path: '/photos', data, isOpen: true })
console.log(`http://localhost:${(server.address() as AddressInfo).port}`)

process.once('SIGTERM', () => {
  server.close()
  void wirephoto.close()
})
