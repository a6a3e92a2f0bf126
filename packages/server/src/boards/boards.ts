import { randomBytes } from 'node:crypto'
import {
  boardOf,
  type Cursor,
  heldLogOf,
  isHeldLog,
  serverLimits,
  settings,
  WireError,
} from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { type Bounds, boundsWith } from '../bounds.ts'
import { inBackground } from '../in-background.ts'
import { hourly, PartyLimiter } from '../live/party-limiter.ts'
import type { TrustedClock } from '../trusted-clock.ts'
import { LiveBoard } from './live-board.ts'
import { PictureRates } from './picture-rates.ts'
import type { Sender } from './sender.ts'

/** The board at `/`. */
export const DEFAULT_BOARD_ID = 'main'
/** The sender of commands that the server gives on its own behalf. */
export const SERVER: Sender = { visitor: 'server', role: 'server' }
/** Time that a board stays in memory after its last use. */
const IDLE_TIMEOUT_MS = 60_000
/** Boards that may wait to be loaded before another one is answered `busy`. */
const WAITING_LOADS_COUNT = 500
const PURGE_INTERVAL_MS = 3_600_000
const DAY_MS = 24 * 3_600_000

/** A live board that stays in memory until this is disposed. */
export interface HeldBoard extends Disposable {
  readonly board: LiveBoard
}

type BoardsLog = Pick<FastifyBaseLogger, 'warn' | 'error'>

interface OpenBoard {
  readonly board: Promise<LiveBoard>
  users: number
  idleSince: number
  purgedAt: number
  /** Returns the bytes of its records. */
  bytes: () => number
}

/** The live boards of this server: opened on demand, closed when idle, their trash purged while open. */
export class Boards {
  readonly clock: TrustedClock
  readonly #engine: Engine
  readonly #bounds: Bounds
  readonly #log: BoardsLog
  /** Bounds the command queues that begin, by visitor and address. */
  readonly #queueLimiter: PartyLimiter
  /** The pictures and bytes that links and strangers add in a minute, on all boards. */
  readonly pictureRates: PictureRates
  readonly #open = new Map<string, OpenBoard>()
  /** Those of them that nobody uses, in the order in which they were left. */
  readonly #idle = new Map<string, OpenBoard>()
  readonly #listeners = new Set<(board: LiveBoard) => void>()
  readonly #removalListeners = new Set<(board: LiveBoard) => void>()
  readonly #timer: NodeJS.Timeout
  /** Boards that are being loaded, and those that wait for their turn. */
  #loadCount = 0
  readonly #waitingLoads: (() => void)[] = []

  private constructor(
    engine: Engine,
    clock: TrustedClock,
    log: BoardsLog,
    { bounds, pictureMinuteMs }: { bounds: Bounds; pictureMinuteMs: number | undefined },
  ) {
    this.#log = log
    this.clock = clock
    this.#engine = engine
    this.#bounds = bounds
    this.#queueLimiter = new PartyLimiter({
      visitor: hourly(bounds['queues-per-visitor']),
      address: hourly(bounds['queues-per-address']),
    })
    this.pictureRates = new PictureRates(bounds, pictureMinuteMs)
    this.#timer = setInterval(() => this.#sweep(), IDLE_TIMEOUT_MS / 2).unref()
  }

  /** Creates the default board if it isn't there. */
  static async open(
    engine: Engine,
    clock: TrustedClock,
    log: BoardsLog,
    bounds = boundsWith(),
    pictureMinuteMs?: number,
  ): Promise<Boards> {
    await engine.boards.create(DEFAULT_BOARD_ID)
    return new Boards(engine, clock, log, { bounds, pictureMinuteMs })
  }

  /** Calls back with every board that is opened later. Returns a function that ends this. */
  onOpen(listener: (board: LiveBoard) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Calls back with every board that this server removes for good, while whoever is on it still holds it. */
  onRemoved(listener: (board: LiveBoard) => void): void {
    this.#removalListeners.add(listener)
  }

  /** Creates a board under an id that can't be guessed: 128 random bits. */
  async create(): Promise<string> {
    const id = randomBytes(16).toString('base64url')
    await this.#engine.boards.create(id)
    return id
  }

  /** Opens a live board, which stays in memory until its handle is disposed. Rejects with `unknown-board`. */
  async hold(id: string): Promise<HeldBoard> {
    const entry = this.#open.get(id) ?? {
      board: this.#load(id),
      users: 0,
      idleSince: 0,
      purgedAt: Number.NEGATIVE_INFINITY,
      bytes: () => 0,
    }
    this.#open.set(id, entry)
    entry.users++
    this.#idle.delete(id)
    const release = () => {
      entry.users--
      entry.idleSince = performance.now()
      if (entry.users > 0) return
      if (this.#open.get(id) !== entry) return this.#letGo(id, entry)
      this.#idle.set(id, entry)
      this.#letGoOldest()
    }
    try {
      const board = await entry.board
      entry.bytes = () => board.bytes
      return { board, [Symbol.dispose]: release }
    } catch (error) {
      if (this.#open.get(id) === entry) this.#open.delete(id)
      throw error
    }
  }

  /** Makes the held log of a board. Resolves to false if there is one. */
  #createHeldLog(board: string): Promise<boolean> {
    return this.#engine.boards.create(heldLogOf(board))
  }

  /** Opens the held log of a board as `hold` does; null if there is none. */
  async holdHeldLog(board: string): Promise<HeldBoard | null> {
    return this.hold(heldLogOf(board)).catch((error: unknown) => {
      if (error instanceof WireError && error.code === 'unknown-board') return null
      throw error
    })
  }

  /** Opens a board, or a held log, which is made if its board is there. Rejects with `unknown-board`. */
  async holdNamed(id: string): Promise<HeldBoard> {
    if (!isHeldLog(id)) return this.hold(id)
    const board = boardOf(id)
    using _board = await this.hold(board)
    const known = await this.holdHeldLog(board)
    if (known) return known
    await this.#createHeldLog(board)
    return this.hold(id)
  }

  /** Closes every board, whatever goes wrong with one. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await using closing = new AsyncDisposableStack()
    for (const { board } of this.#open.values())
      closing.defer(async () => (await board.catch(() => null))?.close())
    this.#open.clear()
    this.#idle.clear()
  }

  /** Loads a board after those that wait already, a few at a time. Rejects with `busy` if too many wait. */
  async #load(id: string): Promise<LiveBoard> {
    if (this.#loadCount >= this.#bounds['board-loads']) {
      if (this.#waitingLoads.length >= WAITING_LOADS_COUNT) throw new WireError('busy')
      await new Promise<void>((resolve) => this.#waitingLoads.push(resolve))
    } else this.#loadCount++
    try {
      // The queues of a held log are counted by its board.
      const mayBegin = (sender: Sender) => isHeldLog(id) || this.#queueLimiter.spend(sender)
      const board = await LiveBoard.open(
        this.#engine,
        id,
        this.clock,
        this.#bounds,
        mayBegin,
        this.pictureRates,
      )
      board.onOverfull = () => inBackground(this.#makeRoom(board), this.#log)
      for (const listener of this.#listeners) listener(board)
      return board
    } finally {
      // The next one takes this one's place.
      const next = this.#waitingLoads.shift()
      if (next) next()
      else this.#loadCount--
    }
  }

  /** Closes the boards that nobody has used for longest, until the others keep to the bounds. */
  #letGoOldest(): void {
    const { 'idle-boards': maxCount, 'idle-board-bytes': maxBytes } = this.#bounds
    let bytes = 0
    for (const entry of this.#idle.values()) bytes += entry.bytes()
    for (const [id, entry] of this.#idle) {
      if (this.#idle.size <= maxCount && bytes <= maxBytes) return
      bytes -= entry.bytes()
      this.#letGo(id, entry)
    }
  }

  #letGo(id: string, entry: OpenBoard): void {
    if (this.#open.get(id) === entry) this.#open.delete(id)
    if (this.#idle.get(id) === entry) this.#idle.delete(id)
    // A board that never opened has nothing to close.
    entry.board.then((board) => board.close()).catch(() => {})
  }

  /** Removes a board that stands at a cursor, unless somebody is on it here. Resolves to whether it did. */
  async removeAt(id: string, cursor: Cursor): Promise<boolean> {
    const entry = this.#open.get(id)
    if (id === DEFAULT_BOARD_ID || (entry && entry.users > 0)) return false
    if (entry) this.#letGo(id, entry)
    const isRemoved = await this.#engine.boards.remove(id, cursor)
    if (isRemoved) await this.#removeHeldLog(id)
    return isRemoved
  }

  /** Removes a board for good with its held log, whoever is on it. Rejects with `unknown-board`. */
  async remove(id: string): Promise<void> {
    using held = await this.hold(id)
    if (!(await this.#engine.boards.remove(id))) throw new WireError('unknown-board')
    // Nobody gets it from memory any more; it closes when those who hold it let go.
    this.#open.delete(id)
    for (const listener of this.#removalListeners) listener(held.board)
    await this.#removeHeldLog(id)
  }

  async #removeHeldLog(id: string): Promise<void> {
    if (isHeldLog(id)) return
    await this.remove(heldLogOf(id)).catch((error: unknown) => {
      if (!(error instanceof WireError && error.code === 'unknown-board')) throw error
    })
  }

  /** Forgets what an overfull board remembers from before yesterday (Y41). */
  async #makeRoom(board: LiveBoard): Promise<void> {
    const before = this.clock.expiredBefore(DAY_MS)
    if (before !== null) await board.forgetBefore(before)
  }

  async #purge(id: string): Promise<void> {
    using held = await this.hold(id)
    await purgeExpired(this.#engine, held.board, this.clock)
  }

  /** Keeps a board without pictures that somebody is on: another server may be about to remove it (Y40). */
  async #keep(id: string): Promise<void> {
    using held = await this.hold(id)
    const hasPictures = held.board.records.values().some(({ kind }) => kind === 'image')
    if (!hasPictures) await held.board.touch()
  }

  #sweep(): void {
    const now = performance.now()
    for (const [id, entry] of this.#open) {
      if (entry.users === 0 && now - entry.idleSince > IDLE_TIMEOUT_MS) {
        this.#letGo(id, entry)
      } else if (now - entry.purgedAt > PURGE_INTERVAL_MS) {
        entry.purgedAt = now
        if (entry.users > 0) inBackground(this.#keep(id), this.#log)
        // One that fails is tried again in an hour.
        inBackground(this.#purge(id), this.#log)
      }
    }
  }
}

/** Purges the trash that has expired, and prunes the log where no client can resume any more. */
export async function purgeExpired(
  engine: Engine,
  board: LiveBoard,
  clock: TrustedClock,
): Promise<void> {
  const expiredBefore = clock.expiredBefore(settings(board.records).trashDays * DAY_MS)
  const prunedBefore = clock.expiredBefore(serverLimits.tombstoneRetentionMs)
  if (expiredBefore === null || prunedBefore === null) return
  for (const record of board.records.values())
    if (record.kind === 'image' && record.deletedAt !== null && record.deletedAt < expiredBefore)
      await board.act([{ kind: 'image.erase', id: record.id }], SERVER).catch((error: unknown) => {
        // Somebody has restored it in the meantime.
        if (!(error instanceof WireError)) throw error
      })
  await engine.log.prune(board.id, prunedBefore)
}
