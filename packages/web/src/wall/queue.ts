/** How long a picture stands in full: usually, and while more than `CROWD_COUNT` wait. */
export const STAND_MS = { usual: 6_000, crowded: 3_000 }
const CROWD_COUNT = 10
/** How long a pushed picture stands at least. */
export const PUSH_STAND_MS = 20_000
/** The pause before a picture that couldn't be decoded is tried again. It doubles each time. */
const RETRY_PAUSE_MS = { first: 1_000, max: 60_000 }

export interface QueuedPicture {
  readonly id: string
  /** Public id of the visitor who added it. */
  readonly author: string
}

/** A picture on the screen. */
export interface Turn extends QueuedPicture {
  /** News waited in the queue, a push was sent to the screens, and a filler was there before. */
  readonly kind: 'news' | 'push' | 'filler'
  /** When it stands in full. */
  readonly since: number
}

interface Waiting extends QueuedPicture {
  failureCount: number
  retryAt: number
}

/**
 * Decides which picture stands on a wall. It has no clock: all times are the caller's, in milliseconds. A picture
 * takes its turn once the caller has it `ready`, and every one that was added takes it.
 */
export class WallQueue {
  readonly #fadeMs: number
  #waiting: Waiting[] = []
  #push: (Waiting & { readonly until: number }) | null = null
  #turn: Turn | null = null
  #next: string | null = null
  #isReady = false
  /** The number of each author's last turn, as long as pictures wait. */
  readonly #lastTurns = new Map<string, number>()
  #turnCount = 0
  #newsAt: number

  constructor(now: number, fadeMs: number) {
    this.#newsAt = now
    this.#fadeMs = fadeMs
  }

  /** The picture on the screen; null if there is none. */
  get turn(): Turn | null {
    return this.#turn
  }

  /** When the last new or pushed picture came to stand, or when the queue was made. */
  get newsAt(): number {
    return this.#newsAt
  }

  /** The ids that wait, the oldest first. */
  get waiting(): readonly string[] {
    return this.#waiting.map(({ id }) => id)
  }

  /** Adds pictures, the oldest first. One on the screen stands its time again, as its file is another. */
  add(pictures: readonly QueuedPicture[], now: number): void {
    for (const { id, author } of pictures) {
      if (this.#turn?.id === id) this.#show({ id, author, kind: 'news' }, now)
      else if (!this.#waiting.some((other) => other.id === id))
        this.#waiting.push({ id, author, failureCount: 0, retryAt: now })
    }
  }

  /** Takes a picture off the screen and out of the queue. Returns whether it was still to be shown. */
  remove(id: string): boolean {
    const before = this.#waiting.length
    this.#waiting = this.#waiting.filter((other) => other.id !== id)
    if (this.#push?.id === id) this.#push = null
    if (this.#turn?.id === id) this.#turn = null
    if (this.#next === id) this.#forgetNext()
    return this.#waiting.length < before
  }

  /** Shows a picture before all others, as soon as it is ready. */
  push(picture: QueuedPicture, now: number): void {
    this.#forgetNext()
    this.#push = { ...picture, failureCount: 0, retryAt: now, until: now + PUSH_STAND_MS }
  }

  /** Returns the picture to make ready; null if none waits, or all that do have to be tried again later. */
  next(now: number): string | null {
    if (this.#push && this.#push.until <= now) this.#push = null
    if (this.#push && this.#push.retryAt <= now) this.#next = this.#push.id
    this.#next ??= this.#nextWaiting(now)
    return this.#next
  }

  /** Notes that a picture is decoded. It takes its turn when its time has come. */
  ready(id: string, now: number): void {
    if (this.#next !== id) return
    this.#isReady = true
    this.advance(now)
  }

  /** Notes that a picture couldn't be decoded. Others go before it until it is tried again. */
  failed(id: string, now: number): void {
    if (this.#next === id) this.#forgetNext()
    for (const each of [this.#push, ...this.#waiting]) {
      if (each?.id !== id) continue
      const pauseMs = RETRY_PAUSE_MS.first * 2 ** each.failureCount
      each.failureCount++
      each.retryAt = now + Math.min(pauseMs, RETRY_PAUSE_MS.max)
    }
  }

  /** Tries everything again at once, as the server is back. */
  retryNow(now: number): void {
    for (const each of [this.#push, ...this.#waiting]) if (each) each.retryAt = now
  }

  /** Lets the next picture take its turn, if it is ready and the time has come. */
  advance(now: number): void {
    const id = this.#next
    if (id === null || !this.#isReady || now < this.#dueAt()) return
    this.#forgetNext()
    const picture = this.#waiting.find((each) => each.id === id)
    this.#waiting = this.#waiting.filter((each) => each !== picture)
    if (this.#push?.id === id) {
      const { author } = this.#push
      this.#push = null
      this.#returnCutShort(now)
      this.#show({ id, author, kind: 'push' }, now)
    } else if (picture) this.#show({ id, author: picture.author, kind: 'news' }, now)
  }

  /** Shows an old picture, which gives way to news at once. */
  fill(picture: QueuedPicture, now: number): void {
    this.#turn = { ...picture, kind: 'filler', since: now + this.#fadeMs }
  }

  /** Takes the picture on the screen down, as something else is shown. */
  clear(): void {
    this.#turn = null
  }

  /** Returns when the picture on the screen has stood its time. */
  stoodAt(): number {
    if (!this.#turn) return Number.NEGATIVE_INFINITY
    const { kind, since } = this.#turn
    return since + (kind === 'push' ? PUSH_STAND_MS : this.#standMs())
  }

  /** Returns when `advance` or `next` will have something to do, if nothing else happens before. */
  wakeAt(now: number): number {
    if (this.#isReady) return this.#dueAt()
    const retries = [this.#push, ...this.#waiting].map((each) => each?.retryAt ?? 0)
    return Math.min(Number.POSITIVE_INFINITY, ...retries.filter((at) => at > now))
  }

  #dueAt(): number {
    const givesWay = this.#turn?.kind === 'filler' || this.#push?.id === this.#next
    return givesWay ? Number.NEGATIVE_INFINITY : this.stoodAt()
  }

  #standMs(): number {
    const count = this.#waiting.filter(({ failureCount }) => failureCount === 0).length
    return count > CROWD_COUNT ? STAND_MS.crowded : STAND_MS.usual
  }

  /** People take turns, so that somebody's 500 pictures don't hold up everybody else's one. */
  #nextWaiting(now: number): string | null {
    const lastTurnOf = ({ author }: Waiting): number => this.#lastTurns.get(author) ?? -1
    let best: Waiting | null = null
    for (const each of this.#waiting)
      if (each.retryAt <= now && (!best || lastTurnOf(each) < lastTurnOf(best))) best = each
    return best?.id ?? null
  }

  #show(picture: QueuedPicture & Pick<Turn, 'kind'>, now: number): void {
    this.#turn = { ...picture, since: now + this.#fadeMs }
    this.#newsAt = this.#turn.since
    this.#lastTurns.set(picture.author, this.#turnCount++)
    if (this.#waiting.length === 0) this.#lastTurns.clear()
  }

  /** Puts news back in front that a push cuts short. */
  #returnCutShort(now: number): void {
    const turn = this.#turn
    if (turn?.kind !== 'news' || now - turn.since >= STAND_MS.crowded) return
    this.#waiting.unshift({ id: turn.id, author: turn.author, failureCount: 0, retryAt: now })
    this.#lastTurns.delete(turn.author)
  }

  #forgetNext(): void {
    this.#next = null
    this.#isReady = false
  }
}
