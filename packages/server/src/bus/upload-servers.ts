import { WireError } from '@wirephoto/board'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { NodeClient } from './node-client.ts'
import { NODE_REQUESTS_PATH } from './node-requests.ts'
import type { Peer } from './server-directory.ts'

/** The address at which a server tells others whether it has an upload. */
export const UPLOAD_PATH = `${NODE_REQUESTS_PATH}upload`
/** Time in which another server tells whether it has an upload. */
const ASK_TIMEOUT_MS = 3_000
/** Likewise for `/readyz`, whose readers wait only for seconds. */
const REACH_TIMEOUT_MS = 2_000

interface Options {
  readonly client: NodeClient
  /** The id of this server. */
  readonly server: string
  readonly uploadProgress: Pick<UploadProgress, 'serverOf'>
}

/** An upload that isn't here. */
interface Sought {
  readonly board: string
  readonly id: string
  /** The server that the upload's address names; undefined for none. */
  readonly named: string | undefined
}

/** Finds the server that has an upload. */
export class UploadServers {
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
  }

  /** The id of this server, which the addresses of its uploads name. */
  get server(): string {
    return this.#options.server
  }

  /**
   * Returns the server that has an upload; null if no other one has it. Rejects with `upload-lost` if its address names a
   * server that is dead, and with `server-away` while one doesn't answer that may have it.
   */
  async find({ board, id, named }: Sought): Promise<Peer | null> {
    const { client, server, uploadProgress } = this.#options
    if (named === server) return null
    if (named !== undefined) {
      const peer = client.find(named)
      if (!peer) throw new WireError('upload-lost')
      return peer
    }
    const told = uploadProgress.serverOf(board, id)
    // A page that was loaded again knows no server.
    return (told !== null && client.find(told)) || this.#ask(board, id)
  }

  /** Asks all servers that live. */
  async #ask(board: string, id: string): Promise<Peer | null> {
    const path = `${UPLOAD_PATH}?${new URLSearchParams({ board, id })}`
    const answers = await askAll(this.#options.client, path, ASK_TIMEOUT_MS)
    const found = answers.find(({ status }) => status === 204)
    if (found) return found.peer
    if (answers.some(({ status }) => status !== 404)) throw new WireError('server-away')
    return null
  }
}

/** Asks the servers that live whether they can be asked. Resolves to the addresses of those that can't. */
export async function unreachedServers(client: NodeClient): Promise<string[]> {
  const path = `${UPLOAD_PATH}?${new URLSearchParams({ board: '', id: '' })}`
  const answers = await askAll(client, path, REACH_TIMEOUT_MS)
  return answers.flatMap(({ peer, status }) => (status === null ? peer.url : []))
}

/** Asks all servers that live. The status is null for one that isn't reached, or doesn't prove that it is the one. */
const askAll = (client: NodeClient, path: string, timeoutMs: number) =>
  Promise.all(
    client.peers.map(async (peer) => {
      const signal = AbortSignal.timeout(timeoutMs)
      const answer = await client.ask(peer, { method: 'GET', path, signal }).catch(() => null)
      answer?.resume()
      return { peer, status: answer?.statusCode ?? null }
    }),
  )
