import { createWirephoto } from '@wirephoto/server'

/**
 * Starts the real server with fast garbage collections: `node serve-with-fast-gc.ts --port N --data D`. It may have
 * another `--engine`, leases of another length (`--lease-ms N`), and a clock that is wrong (`--ahead-ms N`).
 */
const valueOr = (flag: string, other: string) =>
  process.argv.includes(flag) ? process.argv[process.argv.indexOf(flag) + 1]! : other
const data = valueOr('--data', '')
const aheadMs = Number(valueOr('--ahead-ms', '0'))
const { now } = Date
Date.now = () => now() + aheadMs
const { url } = await createWirephoto({
  port: Number(valueOr('--port', '0')),
  host: '127.0.0.1',
  publicUrl: null,
  data,
  engine: valueOr('--engine', `sqlite:${data}`),
  maxUpload: 10_000_000,
  webRoot: null,
  log: 'silent',
  steadyClockMs: 0,
  // Few pictures, and many kills.
  bounds: { 'unexplained-percent': 100, 'purge-grace': 1 },
  garbageCollection: {
    firstDelayMs: 1_000,
    intervalMs: 2_000,
    blobLeaseMs: Number(valueOr('--lease-ms', '4000')),
    arrivingTimeoutMs: 600_000,
    asideMs: 600_000,
  },
})
console.log(url)
