import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { type Change, type Cursor, WireError } from '@wirephoto/board'
import { type Clients, type Engine, EngineError, Filling } from '@wirephoto/engine'
import {
  type BlobProblem,
  type CopyProgress,
  copyEach,
  steadySource,
  type TransferOptions,
} from './backup.ts'
import { type BoardPoint, type BoardSource, blobsOf, type NamedBlob } from './board-point.ts'
import { type BlobFault, copyChecked } from './checked-file.ts'
import { boardsOf, readWhole, type WholePoint } from './point-file.ts'
import { retryWhileAway } from './retry-while-away.ts'
import type { BackupStore } from './store.ts'

/** A batch of this size fits into every database. */
const BATCH_LENGTH = 1_000_000
const ENTRIES_COUNT = 500
/** Times that boards are looked at which change while they are copied. */
const MAX_PASSES_COUNT = 3

/** The outcome of a restore or a copy. */
export interface Filled extends CopyProgress {
  readonly boards: number
  /** The pictures whose files couldn't be had. */
  readonly problems: readonly BlobProblem[]
}

/** A backup that was restored. */
export interface Restored extends Filled {
  readonly point: string
  /** When it was made, in milliseconds since 1970. */
  readonly at: number
}

interface RestoreOptions extends TransferOptions {
  /** The name of the backup. Undefined for the newest. */
  readonly point?: string | undefined
}

/** Finds a backup, and reads it to its end. Rejects with an EngineError if it isn't there, or isn't whole. */
export async function findPoint(
  store: BackupStore,
  asked: string | undefined,
): Promise<WholePoint & { readonly point: string }> {
  const points = await store.points()
  const point = asked ?? points.at(-1)
  if (point === undefined)
    throw new EngineError('no-boards', 'There is no whole backup there. Make one first.')
  if (!points.includes(point))
    throw new EngineError(
      'no-boards',
      `There is no backup ${point}. Name one of: ${points.join(', ') || 'none'}.`,
    )
  return { ...(await readWhole(await store.openPoint(point))), point }
}

/**
 * Restores a backup into an empty engine that was opened to be filled. Its boards get new epochs, so that pages load
 * them again. A restore that broke off goes on where it was.
 */
export async function restore(
  store: BackupStore,
  engine: Engine,
  { point: asked, ...options }: RestoreOptions = {},
): Promise<Restored> {
  const { point, at, sha256 } = await findPoint(store, asked)
  await using run = await FillRun.begin(
    engine,
    `backup ${sha256}`,
    (blob) => store.open(blob),
    options,
  )
  const boards = new Set<string>()
  for await (const board of boardsOf(await store.openPoint(point))) {
    boards.add(board.board)
    await run.fill(board)
  }
  return { point, at, ...(await run.end(boards)) }
}

/**
 * Copies all boards of a source into an empty engine that was opened to be filled. One that broke off goes on where it
 * was. Boards that change meanwhile are copied again; where that doesn't end, the copy is left as broken off.
 *
 * @param name Names the source, so that no other one is mixed with it.
 * @returns Null if boards went on changing.
 */
export async function copyBoards(
  from: BoardSource,
  name: string,
  engine: Engine,
  options: TransferOptions = {},
): Promise<Filled | null> {
  const source = steadySource(from, options)
  const open = (blob: string) => source.open(blob)
  await using run = await FillRun.begin(engine, name, open, options)
  for (let pass = 0; pass <= MAX_PASSES_COUNT; pass++) {
    const boards = new Set<string>()
    let isChanged = false
    for (const info of await source.boards()) {
      const point = await source.read(info)
      if (!point) continue
      boards.add(info.board)
      if (await run.fill(point)) isChanged = true
    }
    if (!isChanged) return run.end(boards)
  }
  return null
}

/** Names what a board has. Its cursor tells nothing of its history and links. */
const versionOf = ({ cursor, history, secrets }: BoardPoint): string => {
  const rest = createHash('sha256')
    .update(JSON.stringify([history, secrets]))
    .digest('hex')
  return `${cursor} ${rest}`
}

/** One run that brings boards into an engine. */
class FillRun implements AsyncDisposable {
  readonly #engine: Engine
  readonly #filling: Filling
  readonly #open: (blob: string) => Promise<Readable>
  readonly #options: TransferOptions
  readonly #spool: string
  readonly #progress: CopyProgress = { files: 0, copied: 0, copiedBytes: 0 }
  /** The versions of the boards that are wholly there. */
  readonly #filled: Map<string, string>
  readonly #problems = new Map<string, BlobProblem[]>()

  private constructor(
    engine: Engine,
    filling: Filling,
    open: (blob: string) => Promise<Readable>,
    options: TransferOptions,
    spool: string,
  ) {
    this.#engine = engine
    this.#filling = filling
    this.#filled = new Map(filling.filled)
    this.#open = open
    this.#options = options
    this.#spool = spool
  }

  static async begin(
    engine: Engine,
    name: string,
    open: (blob: string) => Promise<Readable>,
    options: TransferOptions,
  ): Promise<FillRun> {
    const filling = await Filling.begin(engine, name)
    const spool = await mkdtemp(join(tmpdir(), 'wirephoto-restore-'))
    return new FillRun(engine, filling, open, options, spool)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#spool, { recursive: true, force: true })
  }

  /** Brings a board in, after its files. Resolves to false if it is there already. */
  async fill(point: BoardPoint): Promise<boolean> {
    const { board, createdAt } = point
    const copyOf = versionOf(point)
    if (this.#filled.get(board) === copyOf) return false
    const { boards, history, secrets } = this.#engine
    // One that broke off, or was changed since.
    await boards.remove(board)
    const copy = (blob: NamedBlob) => retryWhileAway(() => this.#copy(blob), this.#options)
    const problems = await copyEach(blobsOf(point), copy, this.#progress, this.#options)
    await boards.create(board, createdAt)
    await this.#append(point)
    for (let start = 0; start < point.history.length; start += ENTRIES_COUNT)
      await history.append(board, point.history.slice(start, start + ENTRIES_COUNT))
    for (const secret of point.secrets) await secrets.put(secret)
    // A run that goes on must tell of these pictures again.
    if (problems.length === 0) await this.#filling.note({ board, copyOf })
    this.#filled.set(board, copyOf)
    this.#problems.set(board, problems)
    return true
  }

  /** Ends the run. Boards that the source has no more are removed. */
  async end(boards: ReadonlySet<string>): Promise<Filled> {
    for (const board of await this.#filling.boards())
      if (!boards.has(board)) await this.#engine.boards.remove(board)
    const problems = [...boards].flatMap((board) => this.#problems.get(board) ?? [])
    await this.#filling.end()
    return { boards: boards.size, problems, ...this.#progress }
  }

  async #copy(blob: NamedBlob): Promise<BlobFault | null> {
    const { blobs } = this.#engine
    if (await blobs.has(blob.name)) return null
    const path = join(this.#spool, randomUUID())
    const size = await copyChecked(blob, this.#open, path, this.#options.signal)
    if (typeof size === 'string') return size
    await blobs.put(path, blob.name)
    await rm(path)
    this.#progress.copied++
    this.#progress.copiedBytes += size
    return null
  }

  /** Appends a board's records, and with the last batch its clients. */
  async #append({ board, records, clients }: BoardPoint): Promise<void> {
    let { cursor } = await this.#engine.log.load(board)
    const append = async (changes: readonly Change[], states: Clients) => {
      const to: Cursor | null = await this.#engine.log.append(board, {
        expected: cursor,
        changes,
        clients: states,
      })
      // Nobody else writes to an engine that is being filled.
      if (!to) throw new WireError('busy')
      cursor = to
    }
    let changes: Change[] = []
    let length = 0
    for (const record of records) {
      changes.push({ put: record })
      length += JSON.stringify(record).length
      if (length < BATCH_LENGTH) continue
      await append(changes, new Map())
      changes = []
      length = 0
    }
    // Their effects are in the batches above, whatever these were numbered before.
    const states = clients.map(
      ([client, state]) => [client, { ...state, seq: Math.min(state.seq, 1) }] as const,
    )
    await append(changes, new Map(states))
  }
}
