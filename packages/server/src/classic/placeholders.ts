import { randomBytes } from 'node:crypto'
import { ClientCommand, cleanName, parseOrThrow, uuidv7, WireError } from '@wirephoto/board'
import type { LiveBoard, Sender } from '../boards/live-board.ts'
import type { Intake } from '../images/uploads/intake.ts'

/** Milliseconds that a placeholder waits for its picture. */
const PATIENCE = 600_000
/** Placeholders that may wait at one time (F7). */
const MOST = 1_000
/** Letters of a media type, and of an author. */
const LETTERS = 100
/** Pixels of one, until its picture says better. */
const SIZE = { width: 400, height: 300 }

/** Pictures of the second tutorial, which are announced by one request and sent by another. */
export class Placeholders {
  readonly #intake: Intake
  readonly #waiting = new Map<string, { type: string; timer: NodeJS.Timeout }>()
  readonly #authors = new Map<string, string>()

  constructor(intake: Intake) {
    this.#intake = intake
  }

  /** Whether a placeholder of that id waits for its picture. */
  waits(id: string): boolean {
    return this.#waiting.has(id)
  }

  /** The type that was announced of one that waits. */
  typeOf(id: string): string | undefined {
    return this.#waiting.get(id)?.type
  }

  /**
   * Whom a page called its author, for as long as this server runs. It is shown to other such pages;
   * what counts is the record's own.
   */
  authorOf(id: string): string | undefined {
    return this.#authors.get(id)
  }

  /** Makes one of `{fileName, type, author, x, y}`; resolves to its id. */
  async make(board: LiveBoard, sender: Sender, said: unknown): Promise<string> {
    const { fileName, type, author = '', x, y } = Object(said) as Record<string, unknown>
    if (typeof fileName !== 'string' || !isShort(type) || !isShort(author))
      throw new WireError('bad-request')
    if (this.#waiting.size >= MOST) throw new WireError('busy')
    const id = uuidv7(Date.now(), randomBytes(10))
    const name = cleanName(fileName)
    const add = parseOrThrow(ClientCommand, { kind: 'image.add', id, x, y, name, ...SIZE })
    const timer = setTimeout(() => void this.#intake.fail(board, id), PATIENCE).unref()
    // Before the record, so that whoever hears of that knows them.
    this.#waiting.set(id, { type, timer })
    if (author) this.#authors.set(id, author)
    try {
      await board.act([add], sender)
      return id
    } catch (error) {
      this.gone(id)
      throw error
    }
  }

  /** Its picture is on the way: it is told no longer when to go. */
  hold(id: string): void {
    clearTimeout(this.#waiting.get(id)?.timer)
  }

  /** It is a picture now. */
  filled(id: string): void {
    this.hold(id)
    this.#waiting.delete(id)
  }

  gone(id: string): void {
    this.filled(id)
    this.#authors.delete(id)
  }
}

const isShort = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= LETTERS
