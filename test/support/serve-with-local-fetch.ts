import { resolve } from 'node:path'
import { createWirephoto } from '@wirephoto/server'

/**
 * Runs the real server, which may also fetch pictures from this machine:
 * `node serve-with-local-fetch.ts --port N --data D --public-url U`.
 */
const value = (flag: string) => process.argv[process.argv.indexOf(flag) + 1]!
const data = value('--data')
const server = await createWirephoto({
  port: Number(value('--port')),
  host: '127.0.0.1',
  publicUrl: value('--public-url'),
  isOpen: true,
  create: 'anyone',
  data,
  engine: `sqlite:${data}`,
  maxUpload: 10_000_000,
  webRoot: resolve(import.meta.dirname, '../../packages/web/dist'),
  log: 'silent',
  // Every address but this machine's own is refused, as on the internet.
  fetchFrom: (address) => address === '127.0.0.1',
})
process.once('SIGTERM', () => void server.close())
console.log(`http://localhost:${server.port}`)
