import { WireError } from '@wirephoto/board'
import type { Secret, Secrets } from '@wirephoto/engine'
import { LRUCache } from 'lru-cache'
import { inTime } from '../boards/engine-watch.ts'

/** How long an answer of the engine counts: what another server ends is over here within a second (F11). */
const CACHE_MS = 500
const CACHED_SECRETS_COUNT = 20_000
/** How old an answer may be when it comes. The secret may have ended since (F11). */
const KNOWN_MS = 1_000
/** Questions in the time in which an engine that is there answers. */
const QUESTIONS_COUNT = 5

/**
 * The engine's secrets, each looked up at most twice a second. A change by this server counts at once, so
 * that no refusal outlives the exchange that ends it.
 */
export class SecretCache {
  readonly #secrets: Secrets
  /** Called when a secret has ended, or stands for something else. */
  onEnded: () => void = () => {}
  readonly #known = new LRUCache<string, Promise<Secret | null>>({
    max: CACHED_SECRETS_COUNT,
    ttl: CACHE_MS,
    // The time of each question, not that of the one before.
    ttlResolution: 0,
  })

  constructor(secrets: Secrets) {
    this.#secrets = secrets
  }

  /** Finds a secret by its hash. Null if it doesn't exist or has expired. Rejects with `away` if the engine doesn't tell. */
  get(hash: string): Promise<Secret | null> {
    const known = this.#known.get(hash)
    if (known) return known
    const asked = inTime(this.#ask(hash))
    this.#known.set(hash, asked)
    asked.catch(() => {
      if (this.#known.peek(hash) === asked) this.#known.delete(hash)
    })
    return asked
  }

  /** Asks until an answer comes soon enough to count. Rejects with `away` if none does. */
  async #ask(hash: string): Promise<Secret | null> {
    for (let questions = 0; questions < QUESTIONS_COUNT; questions++) {
      const askedAt = performance.now()
      const secret = await this.#secrets.get(hash)
      if (performance.now() - askedAt < KNOWN_MS) return secret
    }
    throw new WireError('away')
  }

  /** Forgets all answers: something has ended that they may still tell of. */
  clear(): void {
    this.#known.clear()
  }

  /** Forgets what is known of a secret, which went with its board. */
  forget(hash: string): void {
    this.#known.delete(hash)
  }

  /** Stores a secret, durably. */
  async put(secret: Secret): Promise<void> {
    try {
      await this.#secrets.put(secret)
    } finally {
      this.#known.delete(secret.hash)
    }
  }

  /** Stores a secret if the one in its place has the expected data; with null if there is none. Resolves to whether it did. */
  async replace(secret: Secret, expected: string | null): Promise<boolean> {
    try {
      return await this.#secrets.replace(secret, expected)
    } finally {
      this.#known.delete(secret.hash)
      this.onEnded()
    }
  }

  /** Removes a secret. Resolves to false if there was none. */
  async remove(hash: string): Promise<boolean> {
    try {
      return await this.#secrets.remove(hash)
    } finally {
      this.#known.delete(hash)
      this.onEnded()
    }
  }

  /** Lists the secrets of a board, as the engine has them. Rejects with `unknown-board`. */
  list(board: string): Promise<Secret[]> {
    return this.#secrets.list(board)
  }
}
