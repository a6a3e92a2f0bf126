import { createWirephoto } from '@wirephoto/server'

const [data = './example', port = '0'] = process.argv.slice(2)
const server = await createWirephoto({ data, port: Number(port) })
console.log(server.url)
process.once('SIGTERM', () => void server.close())
