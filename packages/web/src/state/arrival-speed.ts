/** The time over which the speed of an upload is measured, at least and at most. */
const WINDOW_MS = { least: 700, most: 2_000 }
/** A file that comes sooner than this isn't worth a connection of its own. */
const MIN_LEFT_MS = 3_000

/** The speed at which a file arrives, from the server's reports of its bytes. */
export class ArrivalSpeed {
  readonly #seen: { at: number; sent: number }[] = []

  /** Notes a report; returns whether the rest will take long. `now` is a monotonic time in milliseconds. */
  isSlow(now: number, sent: number, total: number | null): boolean {
    if (sent === 0) return false
    const seen = this.#seen
    seen.push({ at: now, sent })
    while (seen[1] && seen[1].at <= now - WINDOW_MS.most) seen.shift()
    const first = seen[0]!
    const elapsed = now - first.at
    if (elapsed < WINDOW_MS.least) return false
    return total === null || ((total - sent) * elapsed) / (sent - first.sent) > MIN_LEFT_MS
  }
}
