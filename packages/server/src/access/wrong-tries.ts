import { WireError } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'

const WINDOW_MS = 60_000
const PER_ADDRESS_COUNT = 10
const IN_ALL_COUNT = 60
/** Addresses whose wrong tries are remembered: more than may be wrong in the time. */
const KEPT_ADDRESSES_COUNT = 1_000

/**
 * Bounds the guesses at codes and passphrases: so many wrong ones in a minute, of one address and in all. A try counts
 * from its beginning, so that many at once get no further, and no more once it turns out right. Wrong tries at other
 * servers count too, as soon as they are known here.
 */
export class WrongTries {
  readonly #all: number[] = []
  readonly #byAddress = new LRUCache<string, number[]>({ max: KEPT_ADDRESSES_COUNT })
  /** Called with the address of each wrong try at this server, so that others may count it. */
  onWrong: (address: string) => void = () => {}

  /**
   * Runs a try, and counts it if it rejects with one of the codes. Rejects with `too-many` and the time to wait,
   * without running it, after too many wrong ones.
   */
  async attempt<T>(
    address: string,
    wrong: readonly WireError['code'][],
    run: () => Promise<T>,
  ): Promise<T> {
    const own = this.#timesOf(address)
    const now = performance.now()
    const waitMs = Math.max(
      waitOf(own, PER_ADDRESS_COUNT, now),
      waitOf(this.#all, IN_ALL_COUNT, now),
    )
    if (waitMs > 0) throw new WireError('too-many', { retryAfterS: Math.ceil(waitMs / 1000) })
    own.push(now)
    this.#all.push(now)
    try {
      const result = await run()
      forget(own, now)
      forget(this.#all, now)
      return result
    } catch (error) {
      if (error instanceof WireError && wrong.includes(error.code)) this.onWrong(address)
      else {
        forget(own, now)
        forget(this.#all, now)
      }
      throw error
    }
  }

  /** Counts a wrong try at another server. */
  receive(address: string): void {
    const now = performance.now()
    addWithin(PER_ADDRESS_COUNT, this.#timesOf(address), now)
    addWithin(IN_ALL_COUNT, this.#all, now)
  }

  #timesOf(address: string): number[] {
    const times = this.#byAddress.get(address) ?? []
    this.#byAddress.set(address, times)
    return times
  }
}

/** Drops the times that are over, and returns the milliseconds until another try may begin. */
function waitOf(times: number[], count: number, now: number): number {
  while (times.length > 0 && now - times[0]! >= WINDOW_MS) times.shift()
  return times.length < count ? 0 : times[0]! + WINDOW_MS - now
}

/** Adds a time, and drops the oldest beyond the count: the next try waits for the others. */
function addWithin(count: number, times: number[], time: number): void {
  times.push(time)
  if (times.length > count) times.shift()
}

function forget(times: number[], time: number): void {
  const at = times.indexOf(time)
  if (at >= 0) times.splice(at, 1)
}
