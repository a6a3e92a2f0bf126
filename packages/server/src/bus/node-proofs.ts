import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { LRUCache } from 'lru-cache'

/** The header by which a server proves to another one that it belongs to the same engine. */
export const PROOF_HEADER = 'wirephoto-node'
/** The header of the answer, by which the other one proves the same. */
export const ANSWER_HEADER = 'wirephoto-node-answer'
/** The header that names the client whose request a server passes on. */
export const SENDER_HEADER = 'wirephoto-node-sender'
/** How far the clocks of two servers may be apart. */
const CLOCK_DIFFERENCE_MS = 600_000
/** Proofs that are remembered, so that nobody sends one again. */
const REMEMBERED_COUNT = 100_000
const NONCE_BYTES = 16
const FORM = /^([0-9a-f]{16})\.([0-9a-f]{16})\.(\d{1,15})\.([\w-]{22})\.([\w-]{43})$/

/** A request between servers, as it is proved. */
interface Asked {
  readonly method: string
  /** The path below the server's own, with its query. */
  readonly path: string
  /** The header that names the client of a request that is passed on. Default: none. */
  readonly sender?: string
}

/** Proves to other servers, and has them prove, that all have the same key. Each proof counts once, at one server. */
export class NodeProofs {
  readonly #key: Buffer
  readonly #server: string
  readonly #seen = new LRUCache<string, true>({
    max: REMEMBERED_COUNT,
    ttl: 2 * CLOCK_DIFFERENCE_MS,
  })

  /** Proves in the name of a server, with the key that all of them have. */
  constructor(server: string, key: string) {
    this.#server = server
    this.#key = createHmac('sha256', key).update('wirephoto nodes').digest()
  }

  /** Makes the header of a request to another server, and the answer that proves that it is that one. */
  prove(to: string, asked: Asked): { readonly header: string; readonly answer: string } {
    const nonce = randomBytes(NONCE_BYTES).toString('base64url')
    const head = `${this.#server}.${to}.${Date.now()}.${nonce}`
    const header = `${head}.${this.#sign('ask', head, asked.method, asked.path, asked.sender ?? '')}`
    return { header, answer: this.#sign('answer', header) }
  }

  /** Returns who asks, and the answer to give; null if it isn't one of the servers, or not for this one. */
  check(headers: IncomingHttpHeaders, asked: Asked): { from: string; answer: string } | null {
    const header = headers[PROOF_HEADER]
    const match = typeof header === 'string' ? FORM.exec(header) : null
    if (!match) return null
    const [whole, from, to, time, nonce, signature] = match as unknown as string[]
    const head = `${from}.${to}.${time}.${nonce}`
    const isRight = isSame(
      signature!,
      this.#sign('ask', head, asked.method, asked.path, asked.sender ?? ''),
    )
    if (!isRight || to !== this.#server || from === this.#server) return null
    if (Math.abs(Date.now() - Number(time)) > CLOCK_DIFFERENCE_MS) return null
    if (this.#seen.has(nonce!)) return null
    this.#seen.set(nonce!, true)
    return { from: from!, answer: this.#sign('answer', whole!) }
  }

  #sign(...parts: string[]): string {
    return createHmac('sha256', this.#key).update(parts.join('\0')).digest('base64url')
  }
}

/** Compares in a time that tells nothing. */
export function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}
