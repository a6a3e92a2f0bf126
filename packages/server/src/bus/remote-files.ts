import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { MEDIA_TYPES, type MediaType, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { GrowingFile } from '../images/uploads/growing-file-readers.ts'
import { inBackground } from '../in-background.ts'
import type { NodeClient } from './node-client.ts'
import { NODE_REQUESTS_PATH } from './node-requests.ts'

/** The address of files that grow, for other servers. */
export const GROWING_PATH = `${NODE_REQUESTS_PATH}growing`
/** Time in which the other server must have the type of a file. */
const HEAD_TIMEOUT_MS = 5_000

interface Options {
  readonly client: NodeClient
  /** The folder of the files. It is emptied. */
  readonly folder: string
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

/** Files that grow on other servers: read once each, however many look at them here. */
export class RemoteFiles {
  readonly #options: Options
  readonly #open = new Map<string, Promise<RemoteFile>>()
  #lastNumber = 0

  private constructor(options: Options) {
    this.#options = options
  }

  static async open(options: Options): Promise<RemoteFiles> {
    await rm(options.folder, { recursive: true, force: true })
    await mkdir(options.folder, { recursive: true })
    return new RemoteFiles(options)
  }

  /** Whether a server can be asked for its files. */
  reaches(server: string): boolean {
    return this.#options.client.find(server) !== null
  }

  /** Opens a file of another server, until it is disposed. Rejects with `not-found` if that doesn't give it. */
  async read(server: string, board: string, id: string): Promise<RemoteFile> {
    const key = `${server} ${board} ${id}`
    const known = this.#open.get(key)
    const forget = (): void => {
      if (this.#open.get(key) === opening) this.#open.delete(key)
    }
    const opening = known ?? this.#fetch(server, { board, id }, forget)
    if (!known) {
      this.#open.set(key, opening)
      opening.catch(forget)
    }
    const file = await opening
    return file.share()
  }

  async #fetch(
    server: string,
    query: Readonly<Record<string, string>>,
    onClosed: () => void,
  ): Promise<RemoteFile> {
    const { client, folder, log } = this.#options
    const peer = client.find(server)
    if (!peer) throw new WireError('not-found')
    const path = `${GROWING_PATH}?${new URLSearchParams(query)}`
    const stopped = new AbortController()
    const timer = setTimeout(() => stopped.abort(), HEAD_TIMEOUT_MS)
    try {
      const response = await client.ask(peer, { method: 'GET', path, signal: stopped.signal })
      const type = MEDIA_TYPES.find((each) => each === response.headers['content-type'])
      if (response.statusCode !== 200 || !type) throw new WireError('not-found')
      const filePath = join(folder, String(++this.#lastNumber))
      return await RemoteFile.open({ path: filePath, type, response, onClosed, log })
    } catch (cause) {
      stopped.abort()
      throw new WireError('not-found', {}, { cause })
    } finally {
      clearTimeout(timer)
    }
  }
}

interface RemoteFileOptions {
  readonly path: string
  readonly type: MediaType
  /** The answer of the other server, whose body is the file. */
  readonly response: IncomingMessage
  /** Called when nobody may share it any more. */
  readonly onClosed: () => void
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

/** A file that grows on another server, as far as it has come here. */
export class RemoteFile implements GrowingFile, Disposable {
  readonly path: string
  readonly length: number | null
  readonly isTypeKnown = true
  readableOffset = 0
  isComplete = false
  isGone = false
  readonly #options: RemoteFileOptions
  readonly #watchers = new Set<() => void>()
  /** Resolves when nothing more comes. */
  readonly #ended: Promise<void>
  #userCount = 0

  private constructor(options: RemoteFileOptions, handle: FileHandle) {
    const length = options.response.headers['content-length']
    this.path = options.path
    this.length = length === undefined ? null : Number(length)
    this.#options = options
    this.#ended = this.#receive(handle)
  }

  static async open(options: RemoteFileOptions): Promise<RemoteFile> {
    return new RemoteFile(options, await open(options.path, 'wx'))
  }

  async readableType(): Promise<MediaType> {
    return this.#options.type
  }

  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  /** Counts one more user. When the last one disposes it, it is given up. */
  share(): this {
    this.#userCount++
    return this
  }

  [Symbol.dispose](): void {
    if (--this.#userCount > 0) return
    const { response, onClosed, log } = this.#options
    onClosed()
    response.destroy()
    inBackground(
      this.#ended.then(() => rm(this.path, { force: true })),
      log,
    )
  }

  /** Writes what comes, no faster than the disk takes it. */
  async #receive(handle: FileHandle): Promise<void> {
    const { response, onClosed, log } = this.#options
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        await handle.appendFile(chunk)
        this.readableOffset += chunk.length
        this.#wake()
      }
      this.isComplete = this.length === null || this.readableOffset === this.length
      await handle.close()
    } catch (error) {
      // Its readers are cut off, and their pages show the stored picture.
      log.warn({ err: error }, 'a file of another server broke off')
      await handle.close().catch(() => {})
    }
    this.isGone = !this.isComplete
    // A later reader asks the other server again.
    onClosed()
    this.#wake()
  }

  #wake(): void {
    for (const changed of this.#watchers) changed()
  }
}
