import { LRUCache } from 'lru-cache'
import { OWN_PARTY } from './party.ts'

/** Addresses whose use is kept: the latest ones. */
const KEPT_ADDRESSES_COUNT = 1_000
const KEPT_MS = 30_000
/** Time in which a use comes to count half. */
const HALF_LIFE_MS = 2_000

/** When an address counts as over its share. */
export interface Share {
  /** CPU time of late that is nobody's burden. */
  readonly littleSeconds: number
  /** Time for which an address that has done something counts as one that others must leave room for. */
  readonly presenceMs: number
}

interface Use {
  readonly seconds: number
  /** When that was. */
  readonly at: number
}

/** The CPU time that each address has used lately, on the main thread and for decoding. */
export class RecentUse {
  readonly #uses = new LRUCache<string, Use>({ max: KEPT_ADDRESSES_COUNT, ttl: KEPT_MS })

  /** Adds to an address's use. With 0 it only tells that the address is here. The server's own work is nobody's. */
  add(address: string, seconds: number): void {
    if (address === OWN_PARTY.address) return
    const known = this.#uses.get(address)
    const at = performance.now()
    this.#uses.set(address, { seconds: seconds + (known ? left(known, at) : 0), at })
  }

  /** Whether an address has used much, and more than some other that is here. */
  isOverShare(address: string, { littleSeconds, presenceMs }: Share): boolean {
    const now = performance.now()
    const known = this.#uses.get(address)
    const seconds = known ? left(known, now) : 0
    if (seconds <= littleSeconds) return false
    for (const [other, use] of this.#uses.entries())
      if (other !== address && now - use.at <= presenceMs && left(use, now) < seconds) return true
    return false
  }
}

const left = ({ seconds, at }: Use, now: number): number =>
  seconds * 0.5 ** ((now - at) / HALF_LIFE_MS)
