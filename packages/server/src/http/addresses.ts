import { networkInterfaces } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { isLoopback } from '../loopback.ts'
import { basePathOf } from '../public-url.ts'
import { addressGroup } from './address-group.ts'
import type { Guard } from './guard.ts'

interface ListeningAt {
  /** Null where nobody knows. */
  readonly host: string | null
  /** The public URL, or null. */
  readonly publicUrl: string | null
  readonly path?: string | undefined
}

/** Returns the URLs by which other computers reach a server on this port, the best first; none for loopback. */
export function urlsForOthers({ host, publicUrl, path }: ListeningAt, port: number): string[] {
  const everywhere = host === '0.0.0.0' || host === '::'
  const names = everywhere ? networkAddresses() : host === null || isLoopback(host) ? [] : [host]
  return [
    ...(publicUrl === null ? [] : [publicUrl]),
    ...names.map((name) => urlOf(name, port) + basePathOf(publicUrl, path)),
  ]
}

/** Tells a page on this computer how others reach the server. Other pages know, as they have reached it. */
export async function addressRoutes(
  app: FastifyInstance,
  { host, publicUrl, path, guard }: ListeningAt & { readonly guard: Pick<Guard, 'asker'> },
): Promise<void> {
  app.get('/api/addresses', ({ hostname, socket, raw }) => {
    // A stranger may send any Host.
    const isHere = isLoopback(addressGroup(socket.remoteAddress)) && !guard.asker(raw).isProxied
    return {
      urls:
        isHere && isLoopback(hostname)
          ? urlsForOthers({ host, publicUrl, path }, socket.localPort ?? 0)
          : [],
    }
  })
}

const urlOf = (name: string, port: number): string =>
  `http://${name.includes(':') ? `[${name}]` : name}:${port}`

/** Returns this machine's addresses that others can reach, IPv4 first, without link-local ones. */
function networkAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const reachable = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
  return reachable.sort((a, b) => a.family.localeCompare(b.family)).map(({ address }) => address)
}
