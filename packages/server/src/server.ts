import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { lockFolder, makeFolder, openEngine } from '@wirephoto/engine'
import { pino } from 'pino'
import { Boards } from './boards/boards.ts'
import { Classic } from './classic/classic.ts'
import type { ServerConfig } from './config.ts'
import { createApp } from './http/app.ts'
import { createGuard } from './http/guard.ts'
import { GarbageCollector } from './images/garbage-collector.ts'
import { openImagePipeline } from './images/pipeline.ts'
import { Fetcher } from './images/remote-fetch.ts'
import { Gateway } from './live/gateway.ts'
import { Metrics } from './metrics.ts'

export interface RunningServer {
  readonly port: number
  /** Where it is reached, without a slash at the end. */
  readonly url: string
  /** Of `classic.port`. */
  readonly classicPort: number | null
  /** Ends what is under way, within limits, then closes the engine. Idempotent. */
  close(): Promise<void>
}

/** Milliseconds that requests under way have to end when the server closes. */
const GRACE = 10_000

/** Rejects with `EngineError`, or with the system's error when it can't listen or write. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const { host, publicUrl, maxUpload, webRoot } = config
  const log = pino({ level: config.log ?? 'warn' }, process.stderr)
  /** What is open, to be closed in the opposite order. */
  const opened: (() => unknown)[] = []
  const closeAll = async () => {
    for (const close of opened.splice(0).reverse()) await close()
  }
  try {
    await makeFolder(config.data)
    // Uploads on their way lie in it, wherever the boards are: another server would take them for a dead one's.
    opened.push(lockFolder(config.data))
    const engine = await openEngine(config.engine)
    opened.push(() => engine.close())
    const boards = await Boards.open(engine)
    opened.push(() => boards.close())
    const images = await openImagePipeline({ data: config.data, engine, boards, maxUpload, log })
    const { incomingFiles, uploadProgress, variants, previews, intake, directUpload } = images
    const metrics = new Metrics()
    const fetcher = new Fetcher({ maxUpload, mayReach: config.fetchFrom })
    const guard = createGuard(config)
    let url = ''
    const parts = {
      engine,
      boards,
      incomingFiles,
      intake,
      directUpload,
      fetcher,
      metrics,
      guard,
      log,
      maxUpload,
      webRoot,
    }
    const classic = config.classic && (await Classic.open(parts, config.classic))
    const app = await createApp({ ...parts, classic, url: () => url })
    opened.push(() => app.close())
    const gateway = new Gateway(app.server, {
      boards,
      guard,
      previews,
      uploadProgress,
      metrics,
      log,
    })
    classic?.attach(app.server)
    await app.ready()

    const port = await listen(app.server, config, opened)
    url =
      publicUrl ?? `http://${isAnywhere(host) || isHere(host) ? 'localhost' : inUrl(host)}:${port}`
    const underWay = countRequests(app.server)
    // Neither may delay the start.
    const resumed = Promise.all([intake.resume(), variants.resume()])
    const garbageCollection = new GarbageCollector(engine, boards, images, (...args) =>
      gateway.notify(...args),
    ).schedule(log, config.garbageCollection)
    opened.push(
      () => garbageCollection.close(),
      () => resumed,
      () => images.close(),
    )
    opened.push(async () => {
      // Uploads that can be resumed are broken off, their bytes durable; all else may end.
      gateway.close()
      classic?.close()
      await incomingFiles.close()
      await Promise.race([underWay.none(), setTimeout(config.grace ?? GRACE, null, { ref: false })])
      app.server.closeAllConnections()
    })
    opened.push(() => app.server.close())
    const further = config.classic?.port ?? null
    const classicPort = further === null ? null : await listenToo(app.server, further, host, opened)
    let closed: Promise<void> | undefined
    return { port, url, classicPort, close: () => (closed ??= closeAll()) }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** The port; `localhost` means both of its addresses, where the machine has both. */
async function listen(
  server: HttpServer,
  { port, host }: ServerConfig,
  opened: (() => unknown)[],
): Promise<number> {
  server.listen(port, isHere(host) ? '127.0.0.1' : host)
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  if (!isHere(host)) return bound
  try {
    await openDoor(server, bound, '::1', opened)
  } catch (error) {
    // Another program at the port would get half of this one's visitors.
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && port !== 0) {
      server.close()
      throw error
    }
  }
  return bound
}

/** A further port of the same server. */
async function listenToo(
  server: HttpServer,
  port: number,
  host: string,
  opened: (() => unknown)[],
): Promise<number> {
  if (!isHere(host)) return openDoor(server, port, host, opened)
  const bound = await openDoor(server, port, '127.0.0.1', opened)
  await openDoor(server, bound, '::1', opened).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE' && port !== 0) throw error
  })
  return bound
}

/** Whoever comes by this address is the server's visitor too. */
async function openDoor(
  server: HttpServer,
  port: number,
  address: string,
  opened: (() => unknown)[],
): Promise<number> {
  const door = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  )
  door.listen(port, address)
  await once(door, 'listening')
  opened.push(() => door.close())
  return (door.address() as AddressInfo).port
}

const isHere = (host: string): boolean => host === '127.0.0.1' || host === 'localhost'
const isAnywhere = (host: string): boolean => host === '0.0.0.0' || host === '::'
const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** Tells when no request is under way. */
function countRequests(server: HttpServer): { none(): Promise<void> } {
  let count = 0
  let resolve = () => {}
  server.on('request', (_request, response) => {
    count++
    response.once('close', () => {
      if (--count === 0) resolve()
    })
  })
  return {
    none: () =>
      new Promise((done) => {
        resolve = done
        if (count === 0) done()
      }),
  }
}
