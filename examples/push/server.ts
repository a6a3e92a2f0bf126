import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { createWirephoto } from 'wirephoto'

/*
 * Pushes pictures to every browser: each line that you type is the path of one.
 *
 *   ls *.jpg | node examples/push/server.ts [folder] [port]
 */
const [data = './data', port = '8000'] = process.argv.slice(2)
const page = await readFile(new URL('index.html', import.meta.url))

const server = createServer((_request, response) =>
  response.setHeader('content-type', 'text/html; charset=utf-8').end(page),
)
server.listen(Number(port), '127.0.0.1')
await once(server, 'listening')
const wirephoto = await createWirephoto({ server, path: '/photos', data, isOpen: true })
console.log(`http://localhost:${(server.address() as AddressInfo).port}`)

const paths = createInterface(process.stdin)
process.once('SIGTERM', () => {
  paths.close()
  server.close()
  void wirephoto.close()
})

for await (const path of paths)
  try {
    const { width, height } = await wirephoto.push('main', createReadStream(path), {
      name: basename(path),
    })
    console.log(`${path}: ${width} × ${height} pixels`)
  } catch (error) {
    console.log(error instanceof Error ? error.message : error)
  }
