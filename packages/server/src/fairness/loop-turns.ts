import { performance } from 'node:perf_hooks'
import { FairQueue } from './fair-queue.ts'
import type { Party } from './party.ts'
import type { RecentUse, Share } from './recent-use.ts'

/** Who begins something at least once a second has this thread to themselves before those who use more. */
const SHARE: Share = { littleSeconds: 0.1, presenceMs: 1_000 }
/** Time between two measurements of what was used, while there is work. */
const SAMPLE_INTERVAL_MS = 10
/** Time between two looks whether the next one may begin. */
const POLL_INTERVAL_MS = 1
/** Time after which work that hasn't ended lets the next begin: it waits for its client, or for a disk. */
const HOLD_MS = 10
/** Idle time of the thread for each bit of work of an address over its share, while others have work under way. */
const IDLE_FACTOR = 2
/** Time after which the next one begins however busy the thread is. */
const MAX_PAUSE_MS = 100
/** Time for which work counts as in flight; after it, it waits for its client. */
const IN_FLIGHT_MS = 500
const WAITING_COUNT = 5_000

/** The part of a weight that counts in the next measurement too: work goes on after it has begun. */
const CARRY_FACTOR = 0.5
/** Bytes of a body that are as much work as a request. */
const BYTES_PER_WEIGHT = 262_144
const LEAST_WEIGHT_FACTOR = 0.1

interface Waiting {
  readonly address: string
  readonly begin: (ended: () => void) => void
  readonly giveWay: () => void
}

/** Work that has begun. */
class Work implements Disposable {
  readonly at = performance.now()
  readonly #inFlight: Set<Work>
  readonly #ended: (() => void) | undefined

  constructor(inFlight: Set<Work>, ended: (() => void) | undefined) {
    this.#inFlight = inFlight
    this.#ended = ended
  }

  [Symbol.dispose](): void {
    this.#inFlight.delete(this)
    this.#ended?.()
  }
}

interface Body {
  readonly address: string
  readonly bytesRead: () => number
  measured: number
}

type LoopUse = ReturnType<typeof performance.eventLoopUtilization>

/**
 * Turns on the one thread that answers everybody. An address that has used more CPU time than another one waits.
 * Its work begins one after the other, when the thread has been idle (N9). Nobody waits beside nobody.
 */
export class LoopTurns {
  readonly #use: RecentUse
  readonly #queue = new FairQueue<Waiting>({ maxCount: WAITING_COUNT })
  /** How much waits of each address. */
  readonly #waitingBy = new Map<string, number>()
  /** Work of addresses that have begun since the last measurement, by its weight. */
  readonly #begun = new Map<string, number>()
  /** Whether an address is over its share, until somebody else begins something, or the next measurement. */
  readonly #over = new Map<string, boolean>()
  /** Bodies that are being received, and how far they were at the last measurement. */
  readonly #bodies = new Set<Body>()
  /** When work of others began that hasn't ended, oldest first. */
  readonly #inFlight = new Set<Work>()
  #sampleTimer: NodeJS.Timeout | undefined
  #isPolling = false
  #heldUntil = 0
  #releasedAt = 0
  #useAtRelease: LoopUse = performance.eventLoopUtilization()

  constructor(use: RecentUse) {
    this.#use = use
  }

  /** Begins work whose party has its turn now; disposing the result ends it. Null where it has to wait. */
  tryBegin({ address }: Party, weight: number): Disposable | null {
    // Later work never passes work that waits, so each visitor's keeps its order.
    if (this.#waitingBy.has(address) || this.#isOver(address)) return null
    return this.#begin(address, weight, false)
  }

  /**
   * Calls `begin` when the party's turn has come, with the work to dispose at its end. Calls `giveWay` instead if
   * too much waits. `weight` tells how much work it is beside others.
   */
  take(party: Party, weight: number, begin: (work: Disposable) => void, giveWay: () => void): void {
    const work = this.tryBegin(party, weight)
    if (work) return begin(work)
    const { address } = party
    const waiting = {
      address,
      begin: (ended: () => void) =>
        begin(this.#begin(address, weight, this.#isOver(address), ended)),
      giveWay,
    }
    this.#use.add(address, 0)
    this.#count(address, 1)
    const displaced = this.#queue.push(party, waiting)
    if (displaced) {
      this.#count(displaced.address, -1)
      displaced.giveWay()
    }
    this.#poll()
  }

  /** Notes work that waits for no turn. */
  note(address: string, weight: number): void {
    const known = this.#begun.get(address)
    // Each measurement tells that those with something begun are here.
    if (known === undefined) {
      this.#use.add(address, 0)
      this.#over.clear()
    }
    this.#begun.set(address, (known ?? 0) + weight)
    this.#sample()
  }

  /** Notes the bytes that a party sends as its work, until the returned function is called. */
  watchBody({ address }: Party, bytesRead: () => number): () => void {
    const body = { address, bytesRead, measured: bytesRead() }
    this.#bodies.add(body)
    return () => this.#bodies.delete(body)
  }

  #count(address: string, change: 1 | -1): void {
    const count = (this.#waitingBy.get(address) ?? 0) + change
    if (count > 0) this.#waitingBy.set(address, count)
    else this.#waitingBy.delete(address)
  }

  #isOver(address: string): boolean {
    const known = this.#over.get(address)
    if (known !== undefined) return known
    const isOver = this.#use.isOverShare(address, SHARE)
    this.#over.set(address, isOver)
    return isOver
  }

  #begin(address: string, weight: number, isOver: boolean, ended?: () => void): Disposable {
    this.note(address, weight)
    const work = new Work(this.#inFlight, ended)
    if (!isOver) this.#inFlight.add(work)
    return work
  }

  /** Charges what this thread does in an interval to those who have begun something in it, or just before. */
  #sample(): void {
    if (this.#sampleTimer) return
    const before = performance.eventLoopUtilization()
    this.#sampleTimer = setTimeout(() => {
      this.#sampleTimer = undefined
      const { active } = performance.eventLoopUtilization(before)
      this.#measureBodies()
      this.#over.clear()
      let all = 0
      for (const weight of this.#begun.values()) all += weight
      for (const [address, weight] of this.#begun) {
        this.#use.add(address, ((active / 1000) * weight) / all)
        if (weight < LEAST_WEIGHT_FACTOR) this.#begun.delete(address)
        else this.#begun.set(address, weight * CARRY_FACTOR)
      }
      if (this.#begun.size > 0) this.#sample()
    }, SAMPLE_INTERVAL_MS).unref()
  }

  #measureBodies(): void {
    for (const body of this.#bodies) {
      const bytes = body.bytesRead()
      const weight = (bytes - body.measured) / BYTES_PER_WEIGHT
      body.measured = bytes
      if (weight > 0) this.#begun.set(body.address, (this.#begun.get(body.address) ?? 0) + weight)
    }
  }

  /** Looks in the next turn of the loop whether the next one may begin; less often while others have work. */
  #poll(): void {
    if (this.#isPolling) return
    this.#isPolling = true
    const look = () => {
      this.#isPolling = false
      if (this.#mayRelease()) this.#release()
      if (this.#queue.size > 0) this.#poll()
    }
    if (this.#isWorkInFlight(performance.now())) setTimeout(look, POLL_INTERVAL_MS)
    else setImmediate(look)
  }

  #mayRelease(): boolean {
    const now = performance.now()
    // Each turn of the loop takes what others have sent before it begins the next one.
    if (!this.#isWorkInFlight(now) || !this.#isOver(this.#queue.peek()!.address)) return true
    if (now < this.#heldUntil) return false
    if (now - this.#releasedAt > MAX_PAUSE_MS) return true
    const { idle, active } = performance.eventLoopUtilization(this.#useAtRelease)
    return idle > active * IDLE_FACTOR
  }

  #isWorkInFlight(now: number): boolean {
    for (const work of this.#inFlight) {
      if (now - work.at <= IN_FLIGHT_MS) return true
      this.#inFlight.delete(work)
    }
    return false
  }

  #release(): void {
    const turn = this.#queue.shift()
    if (!turn) return
    this.#count(turn.item.address, -1)
    this.#releasedAt = performance.now()
    this.#heldUntil = this.#releasedAt + HOLD_MS
    this.#useAtRelease = performance.eventLoopUtilization()
    turn.item.begin(() => {
      this.#heldUntil = 0
    })
    turn.end(1)
  }
}
