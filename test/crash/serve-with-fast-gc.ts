import { createWirephoto } from '@wirephoto/server'

/** Starts the real server with fast garbage collections: `node serve-with-fast-gc.ts --port N --data D`. */
const value = (flag: string) => process.argv[process.argv.indexOf(flag) + 1]!
const data = value('--data')
const { url } = await createWirephoto({
  port: Number(value('--port')),
  host: '127.0.0.1',
  publicUrl: null,
  data,
  engine: `sqlite:${data}`,
  maxUpload: 10_000_000,
  webRoot: null,
  log: 'silent',
  steadyClockMs: 0,
  // Few pictures, and many kills.
  bounds: { 'unexplained-percent': 100, 'purge-grace': 1 },
  garbageCollection: {
    firstDelayMs: 1_000,
    intervalMs: 2_000,
    blobLeaseMs: 4_000,
    arrivingTimeoutMs: 600_000,
    asideMs: 600_000,
  },
})
console.log(url)
