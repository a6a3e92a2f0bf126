import { randomBytes } from 'node:crypto'
import { ClientCommand, cleanName, parseOrThrow, uuidv7, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import type { Intake } from '../images/uploads/intake.ts'
import { inBackground } from '../in-background.ts'

/** The time that a placeholder waits for its picture. */
const PLACEHOLDER_TIMEOUT_MS = 600_000
/** Placeholders that may wait at one time (F7). */
const PLACEHOLDERS_COUNT = 1_000
/** Longest announced media type, and longest announced author. */
const ANNOUNCED_TEXT_LENGTH = 100
/** Pixels of a placeholder, until its picture is decoded. */
const PLACEHOLDER_SIZE = { width: 400, height: 300 }

/** The second tutorial's placeholders: one request announces a picture, another sends it (K19, K20). */
export class Placeholders {
  readonly #intake: Intake
  readonly #log: FastifyBaseLogger
  readonly #waiting = new Map<string, { type: string; timer: NodeJS.Timeout }>()
  readonly #authors = new Map<string, string>()

  constructor(intake: Intake, log: FastifyBaseLogger) {
    this.#intake = intake
    this.#log = log
  }

  /** Whether a placeholder with that id waits for its picture. */
  has(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** Returns the announced media type of a placeholder; undefined once it is filled. */
  announcedType(id: string): string | undefined {
    return this.#waiting.get(id)?.type
  }

  /**
   * Returns the author that a page announced for a picture; undefined after a restart. It is shown on the
   * tutorials' pages only. Rights depend on the record's own author.
   */
  announcedAuthor(id: string): string | undefined {
    return this.#authors.get(id)
  }

  /**
   * Adds a placeholder that a page announces as `{fileName, type, author, x, y}`; resolves to its id. Rejects
   * with `bad-request`, with `busy` if too many wait, and with the board's refusals.
   */
  async create(board: LiveBoard, sender: Sender, announced: unknown): Promise<string> {
    const { fileName, type, author = '', x, y } = Object(announced) as Record<string, unknown>
    if (typeof fileName !== 'string' || !isShort(type) || !isShort(author))
      throw new WireError('bad-request')
    if (this.#waiting.size >= PLACEHOLDERS_COUNT) throw new WireError('busy')
    const id = uuidv7(Date.now(), randomBytes(10))
    const name = cleanName(fileName)
    const place = { x, y, ...PLACEHOLDER_SIZE }
    const add = parseOrThrow(ClientCommand, { kind: 'image.add', id, name, ...place })
    const fail = () => inBackground(this.#intake.fail(board, id), this.#log)
    const timer = setTimeout(fail, PLACEHOLDER_TIMEOUT_MS).unref()
    // Listeners of the board ask for both as soon as the record exists.
    this.#waiting.set(id, { type, timer })
    if (author) this.#authors.set(id, author)
    try {
      await board.act([add], sender)
      return id
    } catch (error) {
      this.forget(id)
      throw error
    }
  }

  /** Stops the timeout of a placeholder whose picture has begun to arrive. */
  stopTimeout(id: string): void {
    clearTimeout(this.#waiting.get(id)?.timer)
  }

  /** Ends the wait of a placeholder whose picture is stored. */
  markFilled(id: string): void {
    this.stopTimeout(id)
    this.#waiting.delete(id)
  }

  /** Forgets a picture that is gone, its announced author included. */
  forget(id: string): void {
    this.markFilled(id)
    this.#authors.delete(id)
  }
}

const isShort = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= ANNOUNCED_TEXT_LENGTH
