import { buffer } from 'node:stream/consumers'
import { WireError } from '@wirephoto/board'
import type { NodeClient } from './node-client.ts'

/** Searches that may be under way. Each has a connection to every other server. */
const SEARCHES_COUNT = 100

interface Sought {
  /** The path that each server answers with 200 and the bytes, or with 404. */
  readonly path: string
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Finds what one of the other servers may have. */
export class Elsewhere {
  readonly #client: NodeClient
  #searchCount = 0

  constructor(client: NodeClient) {
    this.#client = client
  }

  /**
   * Asks all servers that live. Resolves to the first text that comes; to null if none has it, or the one that has it
   * isn't reached in time. Rejects with `busy` while too much is looked for.
   */
  async find({ path, timeoutMs, maxBytes }: Sought): Promise<string | null> {
    if (this.#searchCount >= SEARCHES_COUNT) throw new WireError('busy')
    this.#searchCount++
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(timeoutMs)])
    const asked = this.#client.peers.map(async (peer) => {
      const response = await this.#client.ask(peer, { method: 'GET', path, signal })
      const length = Number(response.headers['content-length'])
      if (response.statusCode === 200 && length <= maxBytes)
        return (await buffer(response)).toString()
      if (response.statusCode === 200) response.destroy()
      else response.resume()
      throw new Error(`${peer.url} has no ${path}`)
    })
    try {
      return await Promise.any(asked).catch(() => null)
    } finally {
      ended.abort()
      this.#searchCount--
    }
  }
}
