import { tooFast } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { Bounds } from '../bounds.ts'
import { type Amount, MinuteShares } from '../fairness/minute-shares.ts'
import { type Party, partyOf } from '../fairness/party.ts'
import type { Sender } from './sender.ts'

/** Links and strangers whose minute is kept: the latest ones. */
const KEPT_MINUTES_COUNT = 20_000
const MINUTE_MS = 60_000
const SECOND_MS = 1_000

/** Gives an amount back that came to nothing. */
export type GiveBack = () => void

/** An amount that somebody has added to a board; below zero if it is given back. */
export interface Spent extends Party, Amount {
  /** The id of the link; null for a stranger. */
  readonly link: string | null
}

/**
 * How fast pictures come: by each link, and from each address of strangers, so many and so many bytes in a minute.
 * Those who share a link take turns. Amounts by other servers count too, as soon as they are known here.
 */
export class PictureRates {
  readonly #bounds: { readonly link: Amount; readonly stranger: Amount }
  readonly #minuteMs: number
  readonly #minutes = new LRUCache<string, MinuteShares>({
    max: KEPT_MINUTES_COUNT,
    ttl: MINUTE_MS,
    updateAgeOnGet: true,
  })
  /** Called with the amounts that count by this server, so that others may count them. */
  onSpent: (spent: Spent) => void = () => {}

  /** A minute is shorter in tests. */
  constructor(bounds: Bounds, minuteMs = MINUTE_MS) {
    this.#minuteMs = minuteMs
    this.#bounds = {
      link: {
        pictures: bounds['pictures-per-link-minute'],
        bytes: bounds['picture-bytes-per-link-minute'],
      },
      stranger: {
        pictures: bounds['pictures-per-stranger-minute'],
        bytes: bounds['picture-bytes-per-stranger-minute'],
      },
    }
  }

  /** Counts an amount. Throws `too-fast` if it is too much; `goesOn` says whether the sender tries again by itself. */
  charge(board: string, sender: Sender, wanted: Amount, goesOn: boolean): GiveBack | null {
    const { quota } = sender
    if (!quota) return null
    const { link } = quota
    const isByLink = link !== null
    const bounds = this.#bounds[isByLink ? 'link' : 'stranger']
    const who = partyOf(sender, board)
    const minute = this.#minuteOf(who, link)
    const tooMuch = minute.take(who, wanted, bounds)
    if (!tooMuch) {
      this.onSpent({ ...who, link, ...wanted })
      return () => {
        if (minute.giveBack(who, wanted)) this.onSpent({ ...who, link, ...negative(wanted) })
      }
    }
    const { unit, waitMs } = tooMuch
    const retryAfterS = Math.max(1, Math.ceil(waitMs / SECOND_MS))
    throw tooFast({ unit, limit: bounds[unit] }, { isByLink, goesOn, retryAfterS })
  }

  /** Counts an amount that belongs to one that was let in. */
  add(board: string, sender: Sender, amount: Amount): void {
    if (!sender.quota) return
    const { link } = sender.quota
    const who = partyOf(sender, board)
    this.#minuteOf(who, link).add(who, amount)
    this.onSpent({ ...who, link, ...amount })
  }

  /** Counts an amount that another server has let in, or has given back. */
  receive({ pictures, bytes, link, ...who }: Spent): void {
    this.#minuteOf(who, link).receive(who, { pictures, bytes })
  }

  #minuteOf({ board, address }: Party, link: string | null): MinuteShares {
    const key = `${board} ${link === null ? `stranger ${address}` : `link ${link}`}`
    const known = this.#minutes.get(key)
    if (known) return known
    const minute = new MinuteShares(this.#minuteMs)
    this.#minutes.set(key, minute)
    return minute
  }
}

const negative = ({ pictures, bytes }: Amount): Amount => ({ pictures: -pictures, bytes: -bytes })
