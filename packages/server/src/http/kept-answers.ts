import { createHash, type Hash } from 'node:crypto'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Visitor } from '../boards/sender.ts'
import type { DirectPicture } from '../images/uploads/direct-upload.ts'
import { isAnonymous } from '../visitors.ts'

/** How long an answer is kept. Senders try again within minutes, or when a phone is charged. */
const KEPT_MS = 24 * 3_600_000
/** Bytes that an entry takes beside its answer. */
const ENTRY_BYTES = 512
const MAX_KEY_LENGTH = 255
/** The header's name (draft-ietf-httpapi-idempotency-key-header). */
const HEADER = 'idempotency-key'

/** An answer that made something. */
interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
}

interface Kept {
  /** The digest of the request that it answers. */
  readonly digest: string
  readonly answer: Answer
}

/** A request with a key, as a server knows it: its answer and the time that this has left, or that it is under way. */
type Known = (Kept & { readonly leftMs: number }) | 'running'

interface Options {
  /** Bounds all answers together; over it, the oldest are forgotten. */
  readonly maxBytes: number
  /** Finds what another server knows of a key, as JSON; null if none does. */
  readonly findElsewhere: (key: string) => Promise<string | null>
}

/**
 * Answers of requests that made something and named a key, so that the same request makes it once. They are kept in
 * memory: a server that starts again has none. Others are asked for theirs.
 */
export class KeptAnswers {
  readonly #kept: LRUCache<string, Kept>
  readonly #findElsewhere: Options['findElsewhere']
  /** The keys of requests that are under way. */
  readonly #running = new Set<string>()

  constructor({ maxBytes, findElsewhere }: Options) {
    this.#findElsewhere = findElsewhere
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ answer }) => ENTRY_BYTES + answer.body.length,
      ttl: KEPT_MS,
    })
  }

  /** Returns what is known here of a key, as JSON for another server; null if nothing is. */
  tell(key: string): string | null {
    const kept = this.#kept.get(key)
    if (!kept && !this.#running.has(key)) return null
    const leftMs = this.#kept.getRemainingTTL(key)
    const known: Known = kept ? { ...kept, leftMs } : 'running'
    return JSON.stringify(known)
  }

  /**
   * Begins a request, which ends when the result is disposed. Null without a key. Rejects with `bad-request` for a key
   * that is none, and with `busy` while another request with it is under way, here or on another server.
   */
  async begin(request: FastifyRequest, sender: Required<Visitor>): Promise<KeyedRequest | null> {
    const named = request.headers[HEADER]
    if (named === undefined) return null
    if (typeof named !== 'string' || named === '' || named.length > MAX_KEY_LENGTH)
      throw new WireError('bad-request', { field: 'Idempotency-Key' })
    const who = isAnonymous(sender.visitor) ? sender.address : sender.visitor
    const key = createHash('sha256')
      .update(JSON.stringify([who, named]))
      .digest('base64url')
    if (this.#running.has(key)) throw new WireError('busy')
    // From here on another server's request with this key is answered `busy`.
    this.#running.add(key)
    const end = () => this.#running.delete(key)
    try {
      const kept = this.#kept.get(key) ?? (await this.#adopt(key))
      const keep = (answer: Kept) => this.#kept.set(key, answer)
      return new KeyedRequest({ request, kept, keep, end })
    } catch (error) {
      end()
      throw error
    }
  }

  /** Keeps the answer that another server has given. Null if none has. Rejects with `busy` while one is about to. */
  async #adopt(key: string): Promise<Kept | null> {
    const text = await this.#findElsewhere(key)
    if (text === null) return null
    const known = JSON.parse(text) as Known
    if (known === 'running') throw new WireError('busy')
    const { leftMs, ...kept } = known
    this.#kept.set(key, kept, { ttl: leftMs })
    return kept
  }

  /** Makes something that a request in JSON asks for, or sends the answer again that it had. */
  async once(
    request: FastifyRequest,
    reply: FastifyReply,
    sender: Required<Visitor>,
    make: () => Promise<{ readonly location?: string; readonly body: object }>,
  ): Promise<FastifyReply> {
    using keyed = await this.begin(request, sender)
    keyed?.add(JSON.stringify(request.body ?? null))
    const known = keyed?.answer()
    if (known) return await send(reply, known)
    const { location, body } = await make()
    const answer = { status: 201, location, body: JSON.stringify(body) }
    keyed?.keep(answer)
    return await send(reply, answer)
  }
}

/** Sends an answer that was made now or before. */
export function send(reply: FastifyReply, { status, location, body }: Answer): FastifyReply {
  if (location !== undefined) reply.header('location', location)
  return reply.code(status).type('application/json; charset=utf-8').send(body)
}

interface KeyedRequestOptions {
  readonly request: FastifyRequest
  readonly kept: Kept | null
  readonly keep: (kept: Kept) => void
  readonly end: () => void
}

/** A request that names a key. */
class KeyedRequest implements Disposable {
  readonly #options: KeyedRequestOptions
  readonly #hash: Hash

  constructor(options: KeyedRequestOptions) {
    this.#options = options
    const { method, url } = options.request
    this.#hash = createHash('sha256').update(JSON.stringify([method, url]))
  }

  /** Whether a request with this key was answered before. */
  get isKnown(): boolean {
    return this.#options.kept !== null
  }

  /** Counts a part of the request to what the same request has. */
  add(part: string | Uint8Array): void {
    this.#hash.update(part)
  }

  /** Yields the pictures of a request, and counts them. */
  async *counted(pictures: AsyncIterable<DirectPicture>): AsyncGenerator<DirectPicture> {
    const seen: DirectPicture[] = []
    for await (const picture of pictures) {
      seen.push(picture)
      yield Object.create(picture, { source: { value: this.#counted(picture) } }) as DirectPicture
    }
    // Fields behind a file count for it.
    for (const { name, place } of seen) this.add(JSON.stringify([name, place]))
  }

  /** Counts the pictures of a request that made something before. */
  async count(pictures: AsyncIterable<DirectPicture>, maxBytes: number): Promise<void> {
    for await (const { source, name } of this.counted(pictures)) {
      let left = maxBytes
      for await (const chunk of source) {
        left -= (chunk as Uint8Array).length
        if (left < 0) throw new WireError('too-large', { name, limit: maxBytes })
      }
    }
  }

  /** Returns the answer that the same request had. Null without one. Throws `key-reused` if that was another request. */
  answer(): Answer | null {
    const { kept } = this.#options
    if (kept === null) return null
    if (kept.digest !== this.#hash.copy().digest('base64url')) throw new WireError('key-reused')
    return kept.answer
  }

  /** Keeps the answer to this request. */
  keep(answer: Answer): void {
    this.#options.keep({ digest: this.#hash.copy().digest('base64url'), answer })
  }

  [Symbol.dispose](): void {
    this.#options.end()
  }

  #counted({ source }: DirectPicture): Readable {
    const count = (chunk: Uint8Array) => this.add(chunk)
    async function* chunks() {
      for await (const chunk of source) {
        count(chunk as Uint8Array)
        yield chunk as Uint8Array
      }
    }
    return Readable.from(chunks(), { objectMode: false })
  }
}
