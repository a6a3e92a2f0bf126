import type { Party } from './party.ts'

/** Time for which room is kept for somebody, after the time that they were told to wait. */
const KEPT_MS = 10_000
/** Parties that room is kept for: the first ones. */
const KEPT_PARTIES_COUNT = 200

/** So many pictures, and bytes of them. */
export interface Amount {
  readonly pictures: number
  readonly bytes: number
}

export const NOTHING: Amount = { pictures: 0, bytes: 0 }

type Who = Pick<Party, 'address' | 'visitor'>

interface Use {
  readonly who: Who
  readonly at: number
  /** Whether another server has let it in. */
  readonly isRemote: boolean
  amount: Amount
}

interface Kept {
  readonly who: Who
  readonly wanted: Amount
  readonly until: number
}

/** A refused amount: what is too much of it, and the time until more may come. */
export interface TooMuch {
  readonly unit: keyof Amount
  readonly waitMs: number
}

/**
 * The amounts that several parties may take together in any minute. The last one may go beyond.
 *
 * While a minute is full, room is kept for each party that was refused and has taken less than who asks. Addresses
 * are compared first, then the visitors at one (N7). So nobody is kept out for good.
 */
export class MinuteShares {
  readonly #minuteMs: number
  /** The uses of the last minute, oldest first. */
  readonly #uses: Use[] = []
  /** The same in sums: of all, of each address, and of each visitor at one. */
  readonly #sums = new Map<string, Amount>()
  readonly #kept = new Map<string, Kept>()

  /** `minuteMs` is the time over which everything counts. */
  constructor(minuteMs: number) {
    this.#minuteMs = minuteMs
  }

  /** Takes an amount at a time in milliseconds, unless that is too much. Returns null if it is taken. */
  take(who: Who, wanted: Amount, bounds: Amount, now = performance.now()): TooMuch | null {
    this.#forget(now)
    const tooMuch = this.#excess(who, wanted, bounds, now)
    const key = keyOf(who)
    if (!tooMuch) {
      this.#kept.delete(key)
      this.add(who, wanted, now)
    } else if (this.#kept.has(key) || this.#kept.size < KEPT_PARTIES_COUNT)
      this.#kept.set(key, { who, wanted, until: now + tooMuch.waitMs + KEPT_MS })
    return tooMuch
  }

  /** Counts an amount, however much it is. */
  add(who: Who, amount: Amount, now = performance.now()): void {
    this.#use(who, amount, now, false)
  }

  /**
   * Counts an amount that another server has let in, however much it is. A unit below zero was given back there. It
   * takes no more than still counts here, since an earlier message may have been lost.
   */
  receive(who: Who, { pictures, bytes }: Amount, now = performance.now()): void {
    // Nobody may take anything here for long, while other servers tell of ever more.
    this.#forget(now)
    const taken = { pictures: Math.max(pictures, 0), bytes: Math.max(bytes, 0) }
    if (taken.pictures > 0 || taken.bytes > 0) this.#use(who, taken, now, true)
    if (pictures < 0) this.#takeBack(who, 'pictures', -pictures)
    if (bytes < 0) this.#takeBack(who, 'bytes', -bytes)
  }

  /** Gives back an amount that was taken just now. Returns whether it still counted. */
  giveBack(who: Who, amount: Amount): boolean {
    const use = this.#uses.findLast((each) => each.amount === amount)
    if (!use) return false
    use.amount = NOTHING
    this.#count(who, amount, -1)
    return true
  }

  #use(who: Who, amount: Amount, at: number, isRemote: boolean): void {
    this.#uses.push({ who, at, isRemote, amount })
    this.#count(who, amount, 1)
  }

  /** Takes so much from the latest amounts that other servers have let in. */
  #takeBack(who: Who, unit: keyof Amount, count: number): void {
    let left = count
    for (let i = this.#uses.length - 1; i >= 0 && left > 0; i--) {
      const use = this.#uses[i]!
      if (!use.isRemote || use.who.visitor !== who.visitor || use.who.address !== who.address)
        continue
      const part = Math.min(use.amount[unit], left)
      left -= part
      use.amount = { ...use.amount, [unit]: use.amount[unit] - part }
      this.#count(who, { ...NOTHING, [unit]: part }, -1)
    }
  }

  /** Returns what is too much, with the time until it would no longer be if nobody took anything. */
  #excess(who: Who, wanted: Amount, bounds: Amount, now: number): TooMuch | null {
    let tooMuch: TooMuch | null = null
    for (const unit of ['pictures', 'bytes'] as const) {
      if (wanted[unit] === 0) continue
      let left = bounds[unit] - this.#sumOf(ALL)[unit] - this.#keptFromOf(who, unit)
      if (left > 0) continue
      const freeing = this.#uses.find(({ amount }) => {
        left += amount[unit]
        return left > 0
      })
      const waitMs = freeing ? freeing.at + this.#minuteMs - now : this.#minuteMs
      if (!tooMuch || waitMs > tooMuch.waitMs) tooMuch = { unit, waitMs }
    }
    return tooMuch
  }

  /** Returns what is kept for those who were refused and have taken less. */
  #keptFromOf(who: Who, unit: keyof Amount): number {
    let sum = 0
    for (const kept of this.#kept.values())
      if (this.#hasLess(kept.who, who, unit)) sum += kept.wanted[unit]
    return sum
  }

  #hasLess(one: Who, other: Who, unit: keyof Amount): boolean {
    const sum = (key: string) => this.#sumOf(key)[unit]
    return one.address === other.address
      ? sum(keyOf(one)) < sum(keyOf(other))
      : sum(one.address) < sum(other.address)
  }

  #sumOf(key: string): Amount {
    return this.#sums.get(key) ?? NOTHING
  }

  #count(who: Who, { pictures, bytes }: Amount, sign: 1 | -1): void {
    for (const key of [ALL, who.address, keyOf(who)]) {
      const sum = this.#sumOf(key)
      const next = { pictures: sum.pictures + sign * pictures, bytes: sum.bytes + sign * bytes }
      if (next.pictures === 0 && next.bytes === 0) this.#sums.delete(key)
      else this.#sums.set(key, next)
    }
  }

  #forget(now: number): void {
    const first = this.#uses.findIndex(({ at }) => at > now - this.#minuteMs)
    const old = this.#uses.splice(0, first < 0 ? this.#uses.length : first)
    for (const { who, amount } of old) this.#count(who, amount, -1)
    for (const [key, { until }] of this.#kept) if (until <= now) this.#kept.delete(key)
  }
}

/** The key of the sum of all. No address has a space at its start. */
const ALL = ' '
const keyOf = ({ address, visitor }: Who): string => `${address} ${visitor}`
