import type { Engine } from './engine.ts'
import { EngineError } from './errors.ts'

/** The board that an engine has while boards are being brought into it: no board's address has a dot. */
const FILLING_BOARD = '.filling'
/** More than there are boards on one server. */
const MAX_NOTES_COUNT = 2 ** 31 - 1

/** A board that is wholly there. */
interface FilledBoard {
  readonly board: string
  /** Names the board of the source, and its state. */
  readonly copyOf: string
}

/**
 * The note in an engine that boards are being brought into it. While it is there, no server opens the engine; so one
 * that was broken off in the middle is never taken for a whole one.
 */
export class Filling {
  readonly #engine: Engine
  /** The boards that are wholly there, by id, with what each is a copy of. */
  readonly filled: ReadonlyMap<string, string>

  private constructor(engine: Engine, filled: ReadonlyMap<string, string>) {
    this.#engine = engine
    this.filled = filled
  }

  /**
   * Begins to fill an engine, or goes on where it broke off.
   *
   * @param source Names where the boards come from.
   * @throws EngineError if the engine has boards of its own, or was being filled from elsewhere.
   */
  static async begin(engine: Engine, source: string): Promise<Filling> {
    const boards = (await engine.boards.list()).map(({ board }) => board)
    if (!boards.includes(FILLING_BOARD)) {
      if (boards.length > 0)
        throw new EngineError(
          'unusable',
          'The target has boards already. Name a new folder or an empty database.',
        )
      await engine.boards.create(FILLING_BOARD)
      await note(engine, 'source', source)
      return new Filling(engine, new Map())
    }
    const notes = await engine.history.list(FILLING_BOARD, {
      kind: 'audit',
      limit: MAX_NOTES_COUNT,
    })
    const [known] = notes.flatMap(({ subject, data }) => (subject === 'source' ? data : []))
    if (known !== undefined && known !== source)
      throw new EngineError(
        'unusable',
        'The target has a part of another source. Empty it, or name another target.',
      )
    if (known === undefined) await note(engine, 'source', source)
    const filled = notes
      .toReversed()
      .flatMap(({ subject, data }) =>
        subject === 'board' ? (JSON.parse(data) as FilledBoard) : [],
      )
    return new Filling(engine, new Map(filled.map(({ board, copyOf }) => [board, copyOf])))
  }

  /** Notes durably that a board is wholly there. */
  async note(filled: FilledBoard): Promise<void> {
    await note(this.#engine, 'board', JSON.stringify(filled))
  }

  /** Lists the boards that are there, whole or not. */
  async boards(): Promise<string[]> {
    const boards = await this.#engine.boards.list()
    return boards.flatMap(({ board }) => (board === FILLING_BOARD ? [] : board))
  }

  /** Ends the filling: servers may use the engine. */
  async end(): Promise<void> {
    await this.#engine.boards.remove(FILLING_BOARD)
  }
}

const note = (engine: Engine, subject: string, data: string): Promise<void> =>
  engine.history.append(FILLING_BOARD, [
    { at: Date.now(), kind: 'audit', subject, data, blob: null },
  ])

/** Rejects with an EngineError if boards are being brought into an engine, or that broke off. */
export async function assertFilled(engine: Engine): Promise<void> {
  if (!(await engine.boards.has(FILLING_BOARD))) return
  throw new EngineError(
    'unusable',
    'Boards are being brought into this engine, or that broke off. Let the same wirephoto restore or copy end first.',
  )
}
