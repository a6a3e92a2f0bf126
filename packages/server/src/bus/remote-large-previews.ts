import { buffer } from 'node:stream/consumers'
import { largePreview, WireError } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import { AFTER_STORED_MS, isWebp } from '../images/uploads/large-previews.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { NodeClient } from './node-client.ts'
import { NODE_REQUESTS_PATH } from './node-requests.ts'

/** The address of large previews, for other servers. */
export const LARGE_PREVIEW_PATH = `${NODE_REQUESTS_PATH}large-preview`
/** Time in which the other server must have sent one: it has it in memory. */
const FETCH_TIMEOUT_MS = 5_000
/** Memory for those of all other servers. Beyond it, the oldest are fetched again. */
const KEPT_BYTES = 32 * 1024 * 1024

interface Options {
  readonly client: NodeClient
  readonly uploadProgress: UploadProgress
}

/** Large previews of pictures whose files come to other servers: fetched once each, and kept in memory. */
export class RemoteLargePreviews {
  readonly #options: Options
  readonly #kept = new LRUCache<string, Buffer>({
    maxSize: KEPT_BYTES,
    sizeCalculation: (bytes) => bytes.length,
  })
  readonly #fetching = new Map<string, Promise<Buffer | null>>()

  constructor(options: Options) {
    this.#options = options
    options.uploadProgress.onRemoteEnd = (board, id) => this.#dropSoon(`${board} ${id}`)
  }

  /** Returns the large preview of a picture, WebP; null if no other server gives one. */
  async read(board: string, id: string): Promise<Buffer | null> {
    const key = `${board} ${id}`
    const known = this.#kept.get(key) ?? this.#fetching.get(key)
    if (known) return known
    const server = this.#options.uploadProgress.serverOf(board, id)
    if (server === null) return null
    const fetching = this.#fetch(server, board, id).finally(() => this.#fetching.delete(key))
    this.#fetching.set(key, fetching)
    const bytes = await fetching
    if (bytes) this.#kept.set(key, bytes)
    // Its file may have been stored meanwhile.
    if (this.#options.uploadProgress.serverOf(board, id) === null) this.#dropSoon(key)
    return bytes
  }

  async #fetch(server: string, board: string, id: string): Promise<Buffer | null> {
    const { client } = this.#options
    const peer = client.find(server)
    if (!peer) return null
    const path = `${LARGE_PREVIEW_PATH}?${new URLSearchParams({ board, id })}`
    const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
    try {
      const response = await client.ask(peer, { method: 'GET', path, signal })
      const length = Number(response.headers['content-length'])
      if (response.statusCode !== 200 || !(length <= largePreview.bytes)) {
        response.destroy()
        return null
      }
      const bytes = await buffer(response)
      return isWebp(bytes) ? bytes : null
    } catch (cause) {
      throw new WireError('not-found', {}, { cause })
    }
  }

  /** Forgets that of a picture whose file is stored or gone, in a moment. */
  #dropSoon(key: string): void {
    const bytes = this.#kept.get(key)
    if (bytes) this.#kept.set(key, bytes, { ttl: AFTER_STORED_MS })
  }
}
