import { WireError } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { Visitor } from '../boards/sender.ts'
import type { Bounds } from '../bounds.ts'
import { RateLimiter } from './rate-limiter.ts'

/** Visitors, and addresses, whose rates are kept: the latest ones, since a pause refills each. */
const KEPT_RATES_COUNT = 20_000

/** How often somebody may do something: so many at once, and as many again in the time. */
interface Rate {
  readonly count: number
  readonly perSecond: number
}

/** Bounds what each visitor and each address does, wherever they come in. */
export class PartyLimiter {
  readonly #visitors: Limiters
  readonly #addresses: Limiters

  constructor(rates: { readonly visitor: Rate; readonly address: Rate }) {
    this.#visitors = new Limiters(rates.visitor)
    this.#addresses = new Limiters(rates.address)
  }

  /** Counts one. False if the visitor, or everybody at that address together, has done too much. */
  spend(sender: Visitor): boolean {
    return this.#exceeded(sender) === null
  }

  /** Counts one. Throws `too-many`, with the time to wait, where `spend` returns false. */
  charge(sender: Visitor): void {
    const exceeded = this.#exceeded(sender)
    if (exceeded) throw new WireError('too-many', { retryAfterS: Math.ceil(exceeded.waitS) })
  }

  /** Counts one. Returns the limiter that doesn't allow it. */
  #exceeded({ visitor, address }: Visitor): RateLimiter | null {
    const own = this.#visitors.get(visitor)
    if (!own.spend()) return own
    const shared = address === undefined ? null : this.#addresses.get(address)
    return shared?.spend() === false ? shared : null
  }
}

/** One limiter for each key, of one rate. */
class Limiters {
  readonly #rate: Rate
  readonly #byKey = new LRUCache<string, RateLimiter>({ max: KEPT_RATES_COUNT })

  constructor(rate: Rate) {
    this.#rate = rate
  }

  get(key: string): RateLimiter {
    const known = this.#byKey.get(key)
    if (known) return known
    const limiter = new RateLimiter(this.#rate.perSecond, this.#rate.count)
    this.#byKey.set(key, limiter)
    return limiter
  }
}

/** So many at once, and as many in each hour after that. */
export const hourly = (count: number): Rate => ({ count, perSecond: count / 3_600 })

/** Bounds the messages and requests that change something. Twice a second's may come at once. */
export function commandLimiterWith(bounds: Bounds): PartyLimiter {
  const rate = (perSecond: number): Rate => ({ count: 2 * perSecond, perSecond })
  return new PartyLimiter({
    visitor: rate(bounds['commands-per-visitor']),
    address: rate(bounds['commands-per-address']),
  })
}

/** The pages of an office that come back at once after a restart, in seconds of their rate. */
const HANDSHAKES_AT_ONCE_S = 20

/** Bounds the sockets that are let onto a board. A board's first socket opens it. */
export function handshakeLimiterWith(bounds: Bounds): PartyLimiter {
  const rate = (perSecond: number): Rate => ({ count: HANDSHAKES_AT_ONCE_S * perSecond, perSecond })
  const address = rate(bounds['sockets-per-address'])
  return new PartyLimiter({ visitor: address, address })
}
