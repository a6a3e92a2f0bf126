import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { WireError } from '@wirephoto/board'
import { EngineError, followTable } from '@wirephoto/engine'
import { exitCodes } from '../exit-codes.ts'
import { operatorErrorOf } from '../operator-error.ts'
import { answerOf, ask, askFor, endingOf } from '../remote/ask.ts'
import type { RemoteBoard } from '../remote/board-option.ts'
import { failureOf, IN_TRASH } from '../remote/file-failure.ts'
import { untilInterrupted } from '../remote/interrupt.ts'
import { persist } from '../remote/patience.ts'
import { derivedIds } from '../remote/picture-id.ts'
import type { FileOutcome } from '../remote/send-report.ts'
import { pictureAt, putInPlace, type Sending, type ToldPicture } from '../remote/store-picture.ts'
import { pictureOf } from './import-table.ts'
import type { Picture, Target } from './import-target.ts'

/** Copies the pictures of a table, and goes on with each change of it until Ctrl-C. Rejects with `OperatorError`. */
export async function follow(table: string, { to, board: id, token }: Target): Promise<void> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const board = { url: to, id, token, headers }
  const stop = untilInterrupted()
  try {
    await askFor(board, { path: `/api/boards/${id}`, signal: stop })
    const mirror = new TableMirror(board, table, stop)
    for await (const { key, document } of followTable(table, stop))
      await (document ? mirror.put(key, document) : mirror.remove(key))
    process.exitCode = exitCodes.interrupted
  } catch (error) {
    if (stop.aborted) process.exitCode = exitCodes.interrupted
    else
      throw error instanceof EngineError
        ? operatorErrorOf(error)
        : (endingOf(board, error) ?? error)
  }
}

/** The pictures of a table on a board. Each has an id that is derived from the table and the document's key. */
class TableMirror {
  readonly #board: RemoteBoard
  readonly #table: string
  readonly #sending: Sending
  /** The hashes of the files that were sent, by the documents' keys. */
  readonly #hashes = new Map<string, string>()

  constructor(board: RemoteBoard, table: string, signal: AbortSignal) {
    this.#board = board
    const { host, pathname } = new URL(table)
    this.#table = host + pathname
    this.#sending = { signal, patienceMs: Number.POSITIVE_INFINITY }
  }

  /** Adds the picture of a document, gives it another file, or moves it: whatever has changed. */
  async put(key: string, document: Readonly<Record<string, unknown>>): Promise<void> {
    const picture = pictureOf(document)
    // A placeholder: its picture comes by another change.
    if (typeof picture === 'string') return
    const outcome = await this.#outcomeOf(key, picture).catch((error: unknown) => {
      this.#sending.signal.throwIfAborted()
      return failureOf(this.#board, error, true)
    })
    if (outcome.kind === 'left') say(`Left ${picture.name}: ${outcome.why}`)
    if (outcome.kind === 'added' || outcome.kind === 'replaced')
      say(`${picture.name} was ${outcome.kind}`)
  }

  /** Puts the picture of a document into the trash, if there is one. */
  async remove(key: string): Promise<void> {
    this.#hashes.delete(key)
    for (const id of this.#idsOf(key)) {
      const known = await this.#pictureAt(id)
      if (!known) continue
      if (known.deletedAt === null) {
        await this.#change(id, 'DELETE')
        say(`${known.name} was removed`)
      }
      return
    }
  }

  async #outcomeOf(key: string, { name, bytes, place }: Picture): Promise<FileOutcome> {
    const hash = createHash('sha256').update(bytes).digest('hex')
    const lastHash = this.#hashes.get(key)
    const { kind, picture } = await putInPlace(
      this.#board,
      {
        ids: this.#idsOf(key),
        name,
        place,
        file: { bytes: bytes.length, open: () => Readable.from([bytes], { objectMode: false }) },
        // One that was sent before this start is known by its length, as by an import that doesn't go on.
        isSame: ({ original, bytes: length }) =>
          lastHash === undefined ? (original?.bytes ?? length) === bytes.length : lastHash === hash,
      },
      this.#sending,
    )
    this.#hashes.set(key, hash)
    if (picture.deletedAt !== null) return IN_TRASH
    const { x = picture.x, y = picture.y } = place
    if (x !== picture.x || y !== picture.y) await this.#change(picture.id, 'PATCH', { x, y })
    return { kind, picture }
  }

  #idsOf(key: string): readonly string[] {
    return derivedIds('table', this.#board.id, this.#table, key)
  }

  #pictureAt(id: string): Promise<ToldPicture | null> {
    return persist(() => pictureAt(this.#board, id, this.#sending.signal), this.#sending)
  }

  /** Changes or removes a picture, unless it is gone. */
  #change(id: string, method: 'PATCH' | 'DELETE', json?: object): Promise<void> {
    return persist(async () => {
      const path = `/api/boards/${this.#board.id}/images/${id}`
      const { signal } = this.#sending
      const answer = await ask(this.#board, { method, path, signal, ...(json && { json }) })
      if (answer.statusCode === 204) answer.resume()
      else await answerOf(this.#board, answer).catch(throwUnlessGone)
    }, this.#sending)
  }
}

function throwUnlessGone(error: unknown): void {
  if (!(error instanceof WireError) || error.code !== 'unknown-picture') throw error
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
