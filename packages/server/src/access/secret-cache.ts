import type { Secret, Secrets } from '@wirephoto/engine'
import { LRUCache } from 'lru-cache'
import { inTime } from '../boards/engine-watch.ts'

/** How long an answer of the engine counts: what another server ends is over here within a second (F11). */
const CACHE_MS = 500
const CACHED_SECRETS_COUNT = 20_000

/**
 * The engine's secrets, each looked up at most twice a second. A change by this server counts at once, so
 * that no refusal outlives the exchange that ends it.
 */
export class SecretCache {
  readonly #secrets: Secrets
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
    const asked = inTime(this.#secrets.get(hash))
    this.#known.set(hash, asked)
    asked.catch(() => {
      if (this.#known.peek(hash) === asked) this.#known.delete(hash)
    })
    return asked
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

  /** Removes a secret. Resolves to false if there was none. */
  async remove(hash: string): Promise<boolean> {
    try {
      return await this.#secrets.remove(hash)
    } finally {
      this.#known.delete(hash)
    }
  }

  /** Lists the secrets of a board, as the engine has them. Rejects with `unknown-board`. */
  list(board: string): Promise<Secret[]> {
    return this.#secrets.list(board)
  }
}
