import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import type { NodeServer } from '../config.ts'
import { basePathOf } from '../public-url.ts'

/** Listens at a port of a host. Defers its end onto `stack`; resolves to the port. */
export async function listen(
  server: HttpServer,
  { port, host }: { port: number; host: string },
  stack: AsyncDisposableStack,
): Promise<number> {
  stack.defer(() => closeServer(server))
  server.listen(port, isLocalhost(host) ? '127.0.0.1' : host)
  await once(server, 'listening')
  const { port: bound } = server.address() as AddressInfo
  if (isLocalhost(host)) await listenOnIPv6(server, bound, port, stack)
  return bound
}

/** Listens at a further port of the same server. Resolves to the port. */
export async function listenToo(
  server: HttpServer,
  { port, host }: { port: number; host: string },
  stack: AsyncDisposableStack,
): Promise<number> {
  const bound = await forward(server, port, isLocalhost(host) ? '127.0.0.1' : host, stack)
  if (isLocalhost(host)) await listenOnIPv6(server, bound, port, stack)
  return bound
}

interface ReachedAt {
  readonly host: string | null
  readonly publicUrl: string | null
  readonly path?: string | undefined
}

/** The URL of a listening server, without a slash at its end. It is only a path where the server has no port. */
export function urlOf(server: NodeServer, { host, publicUrl, path }: ReachedAt): string {
  if (publicUrl !== null) return publicUrl
  const bound = server.address()
  const basePath = basePathOf(publicUrl, path)
  // It may listen at a pipe.
  if (bound === null || typeof bound === 'string') return basePath
  const scheme = server instanceof HttpsServer ? 'https' : 'http'
  const name = host ?? bound.address
  const shown = isLocalhost(name) || isAnyAddress(name) ? 'localhost' : inUrl(name)
  return `${scheme}://${shown}:${bound.port}${basePath}`
}

/** `localhost` means both of its addresses, where the machine has both. `wanted` is 0 for any free port. */
async function listenOnIPv6(
  server: HttpServer,
  bound: number,
  wanted: number,
  stack: AsyncDisposableStack,
): Promise<void> {
  try {
    await forward(server, bound, '::1', stack)
  } catch (error) {
    // Another program at the port would get half of this server's visitors.
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && wanted !== 0) throw error
  }
}

/** Passes the connections of a further address to the server. Resolves to the port. */
async function forward(
  server: HttpServer,
  port: number,
  address: string,
  stack: AsyncDisposableStack,
): Promise<number> {
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    server.emit('connection', socket),
  )
  listener.listen(port, address)
  await once(listener, 'listening')
  listener.on('error', (error) => server.emit('error', error))
  stack.defer(() => {
    listener.close()
  })
  return (listener.address() as AddressInfo).port
}

/** Takes no more connections. Doesn't wait for the open ones. */
function closeServer(server: HttpServer): void {
  server.close()
}

const isLocalhost = (host: string): boolean => host === '127.0.0.1' || host === 'localhost'
const isAnyAddress = (host: string): boolean => host === '0.0.0.0' || host === '::'
const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)
