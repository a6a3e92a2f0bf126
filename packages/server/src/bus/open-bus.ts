import { type Engine, EngineError } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { ServerConfig } from '../config.ts'
import type { Installation } from '../installation.ts'
import { type Bus, noBus } from './bus.ts'
import { LinkBus } from './link-bus.ts'
import { NodeProofs } from './node-proofs.ts'
import { nodeKeyOf, ServerDirectory } from './server-directory.ts'
import { serverIdOf } from './server-id.ts'

/** This server among those that share its engine. */
export interface Node {
  readonly bus: Bus
  /** The servers' own connections; null where something else carries the bus, or nothing. */
  readonly links: LinkBus | null
}

/**
 * Opens the bus that a server is set up with, and defers its end onto `stack`. Rejects with `EngineError` where the
 * engine isn't shared, or the driver is missing.
 */
export async function openNode(
  { bus: url, nodeUrl, data }: Pick<ServerConfig, 'bus' | 'nodeUrl' | 'data'>,
  engine: Engine,
  installation: Installation,
  log: FastifyBaseLogger,
  stack: AsyncDisposableStack,
): Promise<Node> {
  if (url === undefined && nodeUrl === undefined) return { bus: noBus, links: null }
  if (!engine.isShared)
    throw new EngineError(
      'unusable',
      'Servers share a bus and each other only where they share an engine. Give --engine a PostgreSQL or RethinkDB, or leave --bus and --node-url out.',
    )
  const server = await serverIdOf(data)
  if (url === undefined) {
    const { secrets } = engine
    const proofs = new NodeProofs(server, await nodeKeyOf(secrets))
    const directory = await ServerDirectory.open({ secrets, server, url: nodeUrl!, log })
    stack.use(directory)
    const links = stack.use(new LinkBus({ directory, proofs, server, log }))
    return { bus: links, links }
  }
  const { RedisBus } = await loadRedis()
  const bus = stack.use(new RedisBus({ url, server, installation: installation.id, log }))
  return { bus, links: null }
}

async function loadRedis(): Promise<typeof import('./redis-bus.ts')> {
  try {
    return await import('./redis-bus.ts')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'@redis/client'`)) throw cause
    throw new EngineError(
      'driver-missing',
      'This bus needs the package @redis/client. Install it with "npm install @redis/client".',
      { cause },
    )
  }
}
