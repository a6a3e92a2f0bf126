import { startServer } from '@wirephoto/server'

const [data = './example', port = '0'] = process.argv.slice(2)
const server = await startServer({
  port: Number(port),
  host: '127.0.0.1',
  publicUrl: null,
  data,
  engine: `sqlite:${data}`,
  maxUpload: 100_000_000,
  webRoot: null,
})
console.log(server.url)
process.once('SIGTERM', () => void server.close())
