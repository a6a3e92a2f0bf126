import { createHash, randomBytes } from 'node:crypto'
import { EngineError, type Secret, type Secrets } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { dataOf, type ServerRecord } from '../access/records.ts'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { inTime } from '../boards/engine-watch.ts'

/** Servers that one engine may have. Each has a place in the directory. */
const PLACES_COUNT = 64
const BEAT_INTERVAL_MS = 3_000
/** Looks without a new sign of life after which a server is dead: 30 s. */
const DEAD_AFTER_LOOKS_COUNT = 10
/** How long a place is kept for a server that is silent. Clocks may be minutes apart. */
const KEPT_MS = 900_000
const KEY_BYTES = 32
/** The longest address of a server. With the rest of its entry that is far below 1 KB. */
const MAX_URL_BYTES = 512

/** Another server of the engine. */
export interface Peer {
  readonly id: string
  /** Where this server reaches it, without a slash at the end. */
  readonly url: string
}

interface Known extends Peer {
  readonly beat: number
  /** How often it was read without a new sign of life. While the engine is away nobody can give one. */
  readonly silentLooks: number
}

interface Options {
  readonly secrets: Secrets
  /** The id of this server. */
  readonly server: string
  /** Where other servers reach this one. */
  readonly url: string
  readonly log: Pick<FastifyBaseLogger, 'warn'>
  /** Time between two signs of life. For tests. */
  readonly beatIntervalMs?: number | undefined
}

/**
 * The addresses of all servers of an engine, among its secrets: a few hundred bytes each, that no visitor can write.
 * Each server renews its own. One that others haven't seen renewed for 30 s is dead, by their own looks.
 */
export class ServerDirectory {
  readonly #options: Options
  readonly #known = new Map<string, Known>()
  readonly #listeners: (() => void)[] = []
  /** The entry that this server has written last; null before the first time. */
  #own: Secret | null = null
  #isFull = false
  #beat = 0
  #timer: NodeJS.Timeout | undefined
  #beating: Promise<void> | null = null

  private constructor(options: Options) {
    this.#options = options
  }

  /** Enters this server, and begins to read of the others. Rejects with `EngineError` for an address that is too long. */
  static async open(options: Options): Promise<ServerDirectory> {
    const length = Buffer.byteLength(options.url)
    if (length > MAX_URL_BYTES)
      throw new EngineError(
        'unusable',
        `The --node-url has ${length} bytes; give one of at most ${MAX_URL_BYTES}.`,
      )
    const directory = new ServerDirectory(options)
    await directory.#beatOnce()
    directory.#timer = setInterval(() => {
      directory.#beating ??= directory.#beatOnce().finally(() => {
        directory.#beating = null
      })
    }, options.beatIntervalMs ?? BEAT_INTERVAL_MS).unref()
    return directory
  }

  /** Whether all places are taken, so that others don't find this server. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** The other servers that live. */
  get peers(): Peer[] {
    return Array.from(this.#known.values()).filter(isAlive)
  }

  /** Returns a server that lives; null for one that is dead, or was never here. */
  find(id: string): Peer | null {
    const known = this.#known.get(id)
    return known && isAlive(known) ? known : null
  }

  /** Calls back when the servers have been read. */
  onRead(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** Gives no further sign of life. Its place is kept, since a server that stops may start again. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#beating
  }

  async #beatOnce(): Promise<void> {
    try {
      await inTime(this.#renew())
      await inTime(this.#read())
    } catch (error) {
      // Those that are known stay known, until they are silent for too long.
      this.#options.log.warn({ err: error }, 'no sign of life')
    }
    for (const listener of this.#listeners) listener()
  }

  /** Gives a sign of life, at this server's place or at a free one. */
  async #renew(): Promise<void> {
    const { secrets } = this.#options
    this.#beat++
    if (this.#own) {
      const next = this.#secretAt(this.#own.hash)
      if (await secrets.replace(next, this.#own.data)) {
        this.#own = next
        return
      }
      this.#own = null
    }
    const free = new Set(await secrets.ended(PLACES))
    for (const place of PLACES) {
      const found = free.has(place) ? null : await secrets.get(place)
      const before = found && dataOf('server', found.data)
      // One that this server had before it started again is its own.
      if (found && before?.id !== this.#options.server) continue
      const next = this.#secretAt(place)
      if (!(await secrets.replace(next, found?.data ?? null))) continue
      this.#own = next
      this.#isFull = false
      return
    }
    this.#isFull = true
    this.#options.log.warn('The engine has 64 servers. This one has no address for the others.')
  }

  async #read(): Promise<void> {
    const { secrets, server } = this.#options
    const free = new Set(await secrets.ended(PLACES))
    const taken = PLACES.filter((place) => !free.has(place))
    const found = await Promise.all(taken.map((place) => secrets.get(place)))
    const ids = new Set<string>()
    for (const secret of found) {
      const record = secret && dataOf('server', secret.data)
      if (!record || record.id === server) continue
      const { id, url, beat } = record
      ids.add(id)
      const known = this.#known.get(id)
      const isSilent = known?.beat === beat && known.url === url
      this.#known.set(id, { id, url, beat, silentLooks: isSilent ? known.silentLooks + 1 : 0 })
    }
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id)
  }

  #secretAt(hash: string): Secret {
    const { server: id, url } = this.#options
    const record: ServerRecord = { type: 'server', id, url, beat: this.#beat }
    const data = JSON.stringify(record)
    const expiresAt = Date.now() + KEPT_MS
    return { hash, board: DEFAULT_BOARD_ID, kind: 'session', data, expiresAt }
  }
}

/** Returns the key that all servers of an engine share. The first of them makes it. */
export async function nodeKeyOf(secrets: Secrets): Promise<string> {
  const hash = sha256('\0node-key')
  const key = randomBytes(KEY_BYTES).toString('base64url')
  const data = JSON.stringify({ type: 'node-key', key })
  await secrets.replace(
    { hash, board: DEFAULT_BOARD_ID, kind: 'session', data, expiresAt: null },
    null,
  )
  const stored = await secrets.get(hash)
  return dataOf('node-key', stored!.data)!.key
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

// No token is empty, so no right stands under such a hash.
const PLACES = Array.from({ length: PLACES_COUNT }, (_, place) => sha256(`\0server\0${place}`))

const isAlive = ({ silentLooks }: Known): boolean => silentLooks < DEAD_AFTER_LOOKS_COUNT
