import { randomBytes } from 'node:crypto'
import { limits, type Records, settings, WireError } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import { LiveBoard, type Sender } from './live-board.ts'

/** The board at `/`. */
export const DEFAULT_BOARD_ID = 'main'
/** Who the server is when it acts for itself. */
export const SERVER: Sender = { visitor: 'server', role: 'server' }
/** Milliseconds that a board stays in memory after its last use. */
const IDLE = 60_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

/** The live boards of this server: opened when asked for, let go when idle, tidied while open. */
export class Boards {
  readonly #engine: Engine
  readonly #open = new Map<
    string,
    { board: Promise<LiveBoard>; users: number; idleSince: number; tidiedAt: number }
  >()
  readonly #timer: NodeJS.Timeout
  #opened = (_board: LiveBoard): void => {}

  private constructor(engine: Engine) {
    this.#engine = engine
    this.#timer = setInterval(() => this.#sweep(), IDLE / 2).unref()
  }

  static async open(engine: Engine): Promise<Boards> {
    await engine.boards.create(DEFAULT_BOARD_ID)
    return new Boards(engine)
  }

  /** Calls back with every board that is opened from now on. */
  onOpen(opened: (board: LiveBoard) => void): void {
    this.#opened = opened
  }

  /** Makes a board under an id that can't be guessed: 128 random bits. */
  async create(): Promise<string> {
    const id = randomBytes(16).toString('base64url')
    await this.#engine.boards.create(id)
    return id
  }

  /** Runs `use` with the live board, which stays in memory meanwhile. Rejects with `unknown-board`. */
  async with<T>(id: string, use: (board: LiveBoard) => T | Promise<T>): Promise<T> {
    const { board, release } = await this.hold(id)
    try {
      return await use(board)
    } finally {
      release()
    }
  }

  /** The live board, kept in memory until released. Rejects with `unknown-board`. */
  async hold(id: string): Promise<{ board: LiveBoard; release: () => void }> {
    const entry = this.#open.get(id) ?? {
      board: this.#load(id),
      users: 0,
      idleSince: 0,
      tidiedAt: 0,
    }
    this.#open.set(id, entry)
    entry.users++
    const release = () => {
      entry.users--
      entry.idleSince = Date.now()
    }
    try {
      return { board: await entry.board, release }
    } catch (error) {
      if (this.#open.get(id) === entry) this.#open.delete(id)
      throw error
    }
  }

  async #load(id: string): Promise<LiveBoard> {
    const board = await LiveBoard.open(this.#engine, id)
    this.#opened(board)
    return board
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    const entries = [...this.#open.values()]
    this.#open.clear()
    for (const { board } of entries) await (await board.catch(() => null))?.close()
  }

  #sweep(): void {
    const now = Date.now()
    for (const [id, entry] of this.#open) {
      if (entry.users === 0 && now - entry.idleSince > IDLE) {
        this.#open.delete(id)
        void entry.board.then((board) => board.close())
      } else if (now - entry.tidiedAt > HOUR) {
        entry.tidiedAt = now
        void this.with(id, (board) => purgeExpired(this.#engine, board)).catch(() => {
          // Tried again in an hour.
        })
      }
    }
  }
}

/** Whatever was trashed before then has expired, in milliseconds since 1970. */
const expiryOf = (records: Records): number => Date.now() - settings(records).trashDays * DAY

/** Purges the trash that has expired, and lets the log forget what nobody can resume from. */
export async function purgeExpired(engine: Engine, board: LiveBoard): Promise<void> {
  const expired = expiryOf(board.records)
  for (const record of board.records.values())
    if (record.kind === 'image' && record.deletedAt !== null && record.deletedAt < expired)
      await board.act([{ kind: 'image.purge', id: record.id }], SERVER).catch((error: unknown) => {
        // Put back in the meantime.
        if (!(error instanceof WireError)) throw error
      })
  await engine.log.prune(board.id, Date.now() - limits.tombstoneRetentionMs)
}
