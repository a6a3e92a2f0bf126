import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { type AnyRecord, WireError } from '@wirephoto/board'
import { EngineError, followTable } from '@wirephoto/engine'
import { exitCodes } from '../exit-codes.ts'
import { operatorErrorOf } from '../operator-error.ts'
import { answerOf, ask, askFor, endingOf } from '../remote/ask.ts'
import type { RemoteBoard } from '../remote/board-option.ts'
import { failureOf, IN_TRASH } from '../remote/file-failure.ts'
import { untilInterrupted } from '../remote/interrupt.ts'
import { persist } from '../remote/patience.ts'
import { SourceIds } from '../remote/picture-id.ts'
import type { FileOutcome } from '../remote/send-report.ts'
import { pictureAt, putInPlace, type Sending } from '../remote/store-picture.ts'
import { pictureOf } from './import-table.ts'
import type { Picture, Target } from './import-target.ts'

/** Copies the pictures of a table, and goes on with each change of it until Ctrl-C. Rejects with `OperatorError`. */
export async function follow(table: string, { to, board: id, token }: Target): Promise<void> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const board = { url: to, id, token, headers }
  const stop = untilInterrupted()
  try {
    const mirror = new TableMirror(board, table, stop)
    // Before the table tells its keys: a picture that comes meanwhile is of a later document.
    await mirror.readBoard()
    for await (const news of followTable(table, stop))
      if ('keys' in news) await mirror.removeOthers(news.keys)
      else await (news.document ? mirror.put(news.key, news.document) : mirror.remove(news.key))
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
  readonly #ids: SourceIds
  readonly #sending: Sending
  /** The ids of the pictures that came from the table at earlier starts, and stand on the board. */
  #standing: readonly string[] = []
  /** The hashes of the files that were sent, by the documents' keys. */
  readonly #hashes = new Map<string, string>()

  constructor(board: RemoteBoard, table: string, signal: AbortSignal) {
    this.#board = board
    const { host, pathname } = new URL(table)
    this.#ids = new SourceIds('table', board.id, host + pathname)
    this.#sending = { signal, patienceMs: Number.POSITIVE_INFINITY }
  }

  /** Notes which pictures of the table stand on the board. */
  async readBoard(): Promise<void> {
    const { records } = await askFor<{ readonly records: readonly AnyRecord[] }>(this.#board, {
      path: `/api/boards/${this.#board.id}/snapshot`,
      signal: this.#sending.signal,
    })
    this.#standing = records
      .filter((each) => each.kind === 'image' && each.deletedAt === null && this.#ids.has(each.id))
      .map(({ id }) => id)
  }

  /** Puts those pictures into the trash whose documents were deleted before this start. */
  async removeOthers(keys: readonly string[]): Promise<void> {
    if (this.#standing.length === 0) return
    const alive = new Set(keys.flatMap((key) => this.#ids.of(key)))
    for (const id of this.#standing) if (!alive.has(id)) await this.#remove(id)
    this.#standing = []
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
    for (const id of this.#ids.of(key)) if (await this.#remove(id)) return
  }

  /** Puts a picture into the trash. Resolves to whether there is one. */
  async #remove(id: string): Promise<boolean> {
    const { signal } = this.#sending
    const known = await persist(() => pictureAt(this.#board, id, signal), this.#sending)
    if (known?.deletedAt === null) {
      await this.#change(id, 'DELETE')
      say(`${known.name} was removed`)
    }
    return known !== null
  }

  async #outcomeOf(key: string, { name, bytes, place }: Picture): Promise<FileOutcome> {
    const hash = createHash('sha256').update(bytes).digest('hex')
    const lastHash = this.#hashes.get(key)
    const { kind, picture } = await putInPlace(
      this.#board,
      {
        ids: this.#ids.of(key),
        name,
        place,
        file: { bytes: bytes.length, open: () => Readable.from([bytes], { objectMode: false }) },
        // One that was sent before this start, and had its metadata taken out, can't be told: it is sent again.
        isSame: ({ original, blob }) => hash === (lastHash ?? original?.blob ?? blob),
      },
      this.#sending,
    )
    this.#hashes.set(key, hash)
    if (picture.deletedAt !== null) return IN_TRASH
    const { x = picture.x, y = picture.y } = place
    if (x !== picture.x || y !== picture.y) await this.#change(picture.id, 'PATCH', { x, y })
    return { kind, picture }
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
