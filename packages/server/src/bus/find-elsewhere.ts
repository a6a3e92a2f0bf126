import { buffer } from 'node:stream/consumers'
import type { NodeClient } from './node-client.ts'

interface Sought {
  /** The path that each server answers with 200 and the bytes, or with 404. */
  readonly path: string
  readonly timeoutMs: number
  readonly maxBytes: number
}

/**
 * Asks all servers that live for something that one of them may have. Resolves to the first bytes that come; to null if
 * none has it, or the one that has it isn't reached in time.
 */
export async function findElsewhere(
  client: NodeClient,
  { path, timeoutMs, maxBytes }: Sought,
): Promise<Buffer | null> {
  const signal = AbortSignal.timeout(timeoutMs)
  const asked = client.peers.map(async (peer) => {
    const response = await client.ask(peer, { method: 'GET', path, signal })
    const length = Number(response.headers['content-length'])
    if (response.statusCode === 200 && length <= maxBytes) return await buffer(response)
    if (response.statusCode === 200) response.destroy()
    else response.resume()
    throw new Error(`${peer.url} has no ${path}`)
  })
  return await Promise.any(asked).catch(() => null)
}
