import { WireError } from '@wirephoto/board'
import type { Secrets } from '@wirephoto/engine'
import type { Right } from './records.ts'

/** Time between two questions to the engine. */
const ASK_INTERVAL_MS = 500
/** How long an answer counts, from when its question was asked (F11). */
const KNOWN_MS = 1_000
/**
 * How long connections are held back before they are told that the database is away. As long as a board waits for
 * its engine.
 */
const HELD_MS = 5_000
/** Questions that may wait for an answer. A connection that is dead must not keep others from asking. */
const WAITING_QUESTIONS_COUNT = 3

/** An open socket, or a request under way, that somebody's right allows. */
export interface RightHolder {
  /** Breaks off, since the right has ended for this reason; null if there is another right now. */
  end(error: WireError | null): void
  /**
   * Sends nothing and takes nothing from here on, since nobody knows whether the right stands. One that can't be held
   * back goes on.
   */
  hold?(): void
  /** Goes on where it was held back. */
  release?(): void
  /** Takes over a right of the same role, which may be counted otherwise. */
  renew?(right: Right): void
}

interface Watched {
  right: Right
  /** Looks the right up again. */
  readonly again: () => Promise<Right>
  readonly connection: RightHolder
  /** When the right was looked up last, on the clock of `performance.now()`. */
  since: number
  /** Whether it is being looked up again. */
  isInDoubt: boolean
}

/**
 * Learns which rights have ended, whichever server ended them. Open sockets and requests rest on secrets, and it asks
 * the engine twice a second which of these are gone. Without an answer for a second, it holds all of them back, and ends
 * them after some more. While nothing rests on a secret, nothing is asked.
 */
export class RightWatch {
  readonly #secrets: Pick<Secrets, 'ended'>
  readonly #onEnded: () => void
  readonly #watched = new Set<Watched>()
  #waitingCount = 0
  /** When the newest question was asked that has an answer. */
  #knownAt = Number.NEGATIVE_INFINITY
  #isHolding = false
  #askTimer: NodeJS.Timeout | undefined
  #holdTimer: NodeJS.Timeout | undefined
  #awayTimer: NodeJS.Timeout | undefined

  /** Calls `onEnded` when something has ended, before its rights are looked up again. */
  constructor(secrets: Pick<Secrets, 'ended'>, onEnded: () => void) {
    this.#secrets = secrets
    this.#onEnded = onEnded
  }

  /** Watches over a right until this is disposed. One that rests on nothing can't end. */
  add({ right, again, connection }: Pick<Watched, 'right' | 'again' | 'connection'>): Disposable {
    if (right.grant.length === 0 && right.openUntil === undefined) return { [Symbol.dispose]() {} }
    const since = performance.now()
    const watched: Watched = { right, again, connection, since, isInDoubt: false }
    if (!this.#askTimer) this.#begin()
    this.#watched.add(watched)
    if (this.#isHolding) this.#holdBack(watched)
    return { [Symbol.dispose]: () => this.#watched.delete(watched) }
  }

  /** Asks at once, since a right may have ended. */
  askNow(): void {
    if (this.#askTimer && this.#waitingCount < WAITING_QUESTIONS_COUNT) this.#ask()
  }

  /** Stops asking. */
  close(): void {
    clearInterval(this.#askTimer)
    clearTimeout(this.#holdTimer)
    clearInterval(this.#awayTimer)
    this.#askTimer = undefined
    this.#watched.clear()
  }

  /** Begins to ask. A right is looked up before it is watched, so it counts as known. */
  #begin(): void {
    this.#isHolding = false
    this.#askTimer = setInterval(() => {
      if (this.#watched.size === 0) this.close()
      else if (this.#waitingCount < WAITING_QUESTIONS_COUNT) this.#ask()
    }, ASK_INTERVAL_MS)
    this.#setKnown(performance.now())
  }

  #ask(): void {
    const askedAt = performance.now()
    const rights = Array.from(this.#watched, ({ right }) => right)
    const hashes = new Set(
      rights.flatMap(({ grant, openUntil }) => [...grant, openUntil ?? []].flat()),
    )
    this.#waitingCount++
    this.#secrets.ended([...hashes]).then(
      (ended) => {
        this.#waitingCount--
        this.#onAnswer(askedAt, new Set(ended))
      },
      () => {
        this.#waitingCount--
      },
    )
  }

  #onAnswer(askedAt: number, ended: ReadonlySet<string>): void {
    if (!this.#askTimer) return
    // A secret may have been made again since the question.
    const gone = Array.from(this.#watched).filter(
      ({ right, since, isInDoubt }) => since <= askedAt && !isInDoubt && hasEnded(right, ended),
    )
    if (gone.length > 0) this.#onEnded()
    for (const watched of gone) this.#lookUpAgain(watched)
    if (askedAt <= this.#knownAt) return
    if (performance.now() - askedAt < KNOWN_MS) this.#setKnown(askedAt)
    // The database answers again, though this answer is too old to count.
    else if (this.#waitingCount === 0) this.#ask()
  }

  /** Holds one back until its right is known: it goes on if that is as before, and ends if not. */
  #lookUpAgain(watched: Watched): void {
    const { again, connection } = watched
    this.#holdBack(watched)
    watched.isInDoubt = true
    watched.since = performance.now()
    const end = (error: WireError | null) => {
      if (this.#watched.delete(watched)) connection.end(error)
    }
    again().then(
      (right) => {
        if (right.role !== watched.right.role) return end(null)
        watched.right = right
        watched.isInDoubt = false
        connection.renew?.(right)
        if (!this.#isHolding && this.#watched.has(watched)) connection.release?.()
      },
      (error: unknown) => end(toldReason(error, watched.right)),
    )
  }

  #setKnown(at: number): void {
    this.#knownAt = at
    clearTimeout(this.#holdTimer)
    this.#holdTimer = setTimeout(() => this.#hold(), at + KNOWN_MS - performance.now())
    if (!this.#isHolding) return
    this.#isHolding = false
    clearInterval(this.#awayTimer)
    for (const { isInDoubt, connection } of this.#watched) if (!isInDoubt) connection.release?.()
  }

  #hold(): void {
    this.#isHolding = true
    for (const watched of this.#watched) this.#holdBack(watched)
    this.#awayTimer = setInterval(() => this.#endHeld(), HELD_MS)
  }

  /** Tells those who are held back that the database is away. They ask to be let in again, which is told apart. */
  #endHeld(): void {
    for (const watched of this.#watched) {
      const { right, connection } = watched
      if (right.grant.length === 0 || !connection.hold) continue
      this.#watched.delete(watched)
      connection.end(new WireError('away'))
    }
  }

  /** Holds one back, unless its board opens to everybody by its address. */
  #holdBack({ right, connection }: Watched): void {
    if (right.grant.length > 0) connection.hold?.()
  }
}

function hasEnded({ grant, openUntil, endsAt }: Right, ended: ReadonlySet<string>): boolean {
  return (
    grant.some((hash) => ended.has(hash)) ||
    (openUntil !== undefined && !ended.has(openUntil)) ||
    (endsAt !== undefined && endsAt <= Date.now())
  )
}

/** Returns what is said to somebody whose right has ended; null if nothing is known of it. */
function toldReason(error: unknown, { grant }: Right): WireError | null {
  if (!(error instanceof WireError)) return null
  // One who had a right by a link has none any more.
  if (error.code === 'link-needed' && grant.length > 0) return new WireError('link-ended')
  return error.status < 500 ? error : null
}
