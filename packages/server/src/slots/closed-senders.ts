import { WireError } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { Sender } from '../boards/sender.ts'
import { isAnonymous } from '../visitors.ts'

/** Time for which a slot takes nothing of a sender whose frame can't be decoded. */
const CLOSED_MS = 10_000
/** Senders to whom a slot is closed at once. Beyond them it opens to those first who have waited longest. */
const CLOSED_SENDERS_COUNT = 100

/** The senders to whom a live slot is closed for a time, each with the reason. */
export class ClosedSenders {
  readonly #reasons = new LRUCache<string, WireError>({ max: CLOSED_SENDERS_COUNT, ttl: CLOSED_MS })

  close(sender: Sender, reason: WireError): void {
    this.#reasons.set(keyOf(sender), reason)
  }

  /** Throws the reason for which the slot is closed to a sender, with the seconds that are left. */
  assertOpen(sender: Sender): void {
    const key = keyOf(sender)
    const reason = this.#reasons.peek(key)
    if (!reason) return
    const leftS = Math.ceil(this.#reasons.getRemainingTTL(key) / 1000)
    throw new WireError(reason.code, { ...reason.facts, retryAfterS: Math.max(1, leftS) })
  }
}

/** A sender without a token is another visitor at each request, so its address stands for it. */
const keyOf = ({ visitor, address = '' }: Sender): string =>
  isAnonymous(visitor) ? address : visitor
