import { buffer } from 'node:stream/consumers'
import { largePreview, WireError } from '@wirephoto/board'
import { isWebp, LargePreviewMemory } from '../images/uploads/large-previews.ts'
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
  readonly #kept = new LargePreviewMemory(KEPT_BYTES)
  readonly #fetching = new Map<string, Promise<Buffer | null>>()

  constructor(options: Options) {
    this.#options = options
    options.uploadProgress.onRemoteEnd = (board, id) => this.#kept.dropSoon(board, id)
  }

  /** Returns the large preview of a picture, WebP; null if no other server gives one. */
  async read(board: string, id: string): Promise<Buffer | null> {
    const key = `${board} ${id}`
    const known = this.#kept.get(board, id) ?? this.#fetching.get(key)
    if (known) return known
    const server = this.#options.uploadProgress.serverOf(board, id)
    if (server === null) return null
    const fetching = this.#fetch(server, board, id).finally(() => this.#fetching.delete(key))
    this.#fetching.set(key, fetching)
    const bytes = await fetching
    if (bytes) this.#kept.set(board, id, bytes)
    // Its file may have been stored meanwhile.
    if (this.#options.uploadProgress.serverOf(board, id) === null) this.#kept.dropSoon(board, id)
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
}
