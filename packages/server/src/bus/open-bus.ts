import { type Engine, EngineError } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import type { ServerConfig } from '../config.ts'
import type { Installation } from '../installation.ts'
import { type Bus, noBus } from './bus.ts'
import { LinkBus } from './link-bus.ts'
import { NodeClient } from './node-client.ts'
import { NodeProofs } from './node-proofs.ts'
import { nodeKeyOf, ServerDirectory } from './server-directory.ts'
import { serverIdOf } from './server-id.ts'

/** This server among those that share its engine. */
export interface Node {
  readonly bus: Bus
  /** The means to speak to others directly; null without `nodeUrl`. */
  readonly direct: DirectNode | null
  /** The servers' own websockets; null where something else carries the bus, or nothing. */
  readonly links: LinkBus | null
}

interface DirectNode {
  /** The id of this server. */
  readonly server: string
  readonly directory: ServerDirectory
  readonly proofs: NodeProofs
  readonly client: NodeClient
}

/**
 * Opens the bus that a server is set up with, and defers its end onto `stack`. Rejects with `EngineError` where the
 * engine isn't shared, or the driver is missing.
 */
export async function openNode(
  {
    bus: url,
    nodeUrl,
    nodeBeatMs: beatIntervalMs,
    data,
  }: Pick<ServerConfig, 'bus' | 'nodeUrl' | 'nodeBeatMs' | 'data'>,
  engine: Engine,
  installation: Installation,
  log: FastifyBaseLogger,
  stack: AsyncDisposableStack,
): Promise<Node> {
  if (url === undefined && nodeUrl === undefined) return { bus: noBus, direct: null, links: null }
  if (!engine.isShared)
    throw new EngineError(
      'unusable',
      'Servers share a bus and each other only where they share an engine. Give --engine a PostgreSQL or RethinkDB, or leave --bus and --node-url out.',
    )
  const server = await serverIdOf(data)
  const direct = nodeUrl === undefined ? null : await openDirect(nodeUrl)
  if (url === undefined) {
    const links = stack.use(new LinkBus({ ...direct!, server, log }))
    return { bus: links, direct, links }
  }
  const { RedisBus } = await loadRedis()
  const bus = stack.use(new RedisBus({ url, server, installation: installation.id, log }))
  return { bus, direct, links: null }

  async function openDirect(nodeUrl: string): Promise<DirectNode> {
    const { secrets } = engine
    const proofs = new NodeProofs(server, await nodeKeyOf(secrets))
    const directory = stack.use(
      await ServerDirectory.open({ secrets, server, url: nodeUrl, log, beatIntervalMs }),
    )
    const client = stack.use(new NodeClient({ directory, proofs }))
    return { server, directory, proofs, client }
  }
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
