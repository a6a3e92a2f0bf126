import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
// Imports of single files: without the schemas this thread starts in half the time.
import type { ErrorCode } from '@wirephoto/board'
import { WireError } from '@wirephoto/board/errors'
import type { Fault } from '../engine.ts'
import { EngineError } from '../errors.ts'
import { checkInBackground, findDamage, QUICKLY_CHECKED_BYTES } from './consistency.ts'
import {
  type DatabaseOptions,
  fileSize,
  isDamage,
  isDiskFailure,
  isOutOfSpace,
  openDatabase,
  readLoss,
} from './database.ts'
import { DatabaseFiles } from './database-files.ts'
import { Eraser } from './eraser.ts'
import { prepareReads, type Reads } from './reads.ts'
import { prepareWrites, type Writes } from './writes.ts'

/** The methods of the database thread. `opened` waits for the database to be open. */
type Methods = Reads & Writes & { opened(): void; health(): Fault[] }
export type Method = keyof Methods
export type Args<M extends Method> = Parameters<Methods[M]>
export type Result<M extends Method> = ReturnType<Methods[M]>

export interface ThreadOptions extends DatabaseOptions {
  readonly folder: string
}

/** One message to the thread; null instead ends it. */
export interface Call {
  readonly id: number
  readonly method: Method
  readonly args: readonly unknown[]
}

/** The outcome of one call. A message from the thread is an array of them. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure }

/** An error without its class. At most one of `wire` and `engine` has its code. */
export interface Failure {
  readonly wire?: ErrorCode
  readonly engine?: EngineError['code']
  readonly message: string
}

const port = parentPort!
port.once('message', (first: Call) => {
  try {
    serve(workerData as ThreadOptions)
    port.postMessage([{ id: first.id, value: undefined }])
  } catch (error) {
    port.postMessage([failureAnswer(first, error)])
    port.close()
  }
})

/** The number of pages in the WAL after which they are written to the main file. */
const CHECKPOINT_PAGES_COUNT = 1_000
/** A large database is checked when the start is over. */
const CHECK_DELAY_MS = 2_000
/** The methods that delete what people wrote. An append does if it makes a tombstone. */
const DELETING_METHODS: ReadonlySet<Method> = new Set([
  'removeBoard',
  'pruneHistory',
  'replaceSecret',
  'removeSecret',
])

function serve({ folder, ...options }: ThreadOptions): void {
  const { db, mark, noted, isChecked } = openDatabase(folder, options)
  const files = new DatabaseFiles(folder)
  const loss = readLoss(db, folder)
  let damage: string | null = null
  /** Why the last commit failed; null once one holds. */
  let failure: string | null = null
  let endCheck = () => {}
  let isChecking = false
  const reads = prepareReads(db)
  const writes = prepareWrites(db)
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const count = db.prepare('UPDATE mark SET n = n + ? RETURNING n')
  const pagesInWal = db.prepare('PRAGMA wal_checkpoint(NOOP)')
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)')
  const truncate = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
  let base = noted.base
  /** The number of writes in the database. */
  let committed = noted.base
  const eraser = new Eraser(db, {
    truncateWal,
    check,
    size: () => fileSize(folder, 'wirephoto.db'),
    onError: noteDamage,
  })
  if (!isChecked) checkLater()

  port.on('message', (first: Call | null) => {
    const waiting = [first]
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
      waiting.push(next.message)
    const calls = waiting.filter((call) => call !== null)
    const writing = calls.filter(({ method }) => method in writes)
    if (writing.length > 0) port.postMessage(commitGroup(writing))
    for (const call of calls) if (call.method in reads) port.postMessage([read(call)])
    for (const { id, method } of calls)
      if (method === 'health') port.postMessage([{ id, value: listFaults() }])
    if (calls.length < waiting.length) {
      endCheck()
      eraser.close()
      db.close()
      mark.close()
      port.close()
    }
  })

  /**
   * Commits all waiting writes in one transaction, so with one fsync. If that fails, each write is tried
   * in a transaction of its own, so that it fails for itself only.
   */
  function commitGroup(calls: readonly Call[]): Answer[] {
    let isCommitted = false
    try {
      checkFiles()
      begin.run()
      const answers = calls.map(write)
      const isDeleting = calls.some(deletes)
      if (isDeleting) eraser.noteDeletion()
      // A group of none writes too: it tries whether the disk takes a commit.
      const n = count.get(Math.max(1, calls.length))!.n as number
      commit.run()
      isCommitted = true
      failure = null
      // Before the answer: a commit to a file that is gone is lost with this process.
      checkFiles()
      noteCommit(n)
      if (isDeleting) eraser.eraseSoon()
      return answers
    } catch (error) {
      // It may have taken effect, and must not take effect twice.
      if (isCommitted) return calls.map((call) => failureAnswer(call, error))
      noteFailure(error)
      return calls.length > 1
        ? calls.flatMap((call) => commitGroup([call]))
        : calls.map((call) => failureAnswer(call, error))
    }
  }

  /** Notes what a commit that holds leads to. A failure costs nothing: the next commit does it again. */
  function noteCommit(n: number): void {
    committed = n
    try {
      if (n > noted.n) mark.write({ id: noted.id, n, base })
      checkpointIfLong(n)
    } catch (error) {
      noteDamage(error)
    }
  }

  /** A read that the disk fails looks like damage, so a database that is quickly checked is looked at again. */
  function noteDamage(error: unknown): void {
    if (!isDamage(error)) return
    const isQuick = fileSize(folder, 'wirephoto.db') <= QUICKLY_CHECKED_BYTES
    damage ??= isQuick && !db.isTransaction ? findDamage(db) : String(error)
  }

  function noteFailure(error: unknown): void {
    if (isDiskFailure(error) && !isOutOfSpace(error, folder)) failure = String(error)
    try {
      if (db.isTransaction) db.exec('ROLLBACK')
    } catch (cause) {
      failure ??= String(cause)
    }
    noteDamage(error)
  }

  /** Runs one write. A WireError is thrown before anything is written, so the transaction goes on. */
  function write(call: Call): Answer {
    try {
      return runCall(call, writes)
    } catch (error) {
      if (error instanceof WireError) return failureAnswer(call, error)
      throw error
    }
  }

  function read(call: Call): Answer {
    try {
      const lost = files.fault()
      if (lost) throw new WireError('away', {}, { cause: lost })
      return runCall(call, reads)
    } catch (error) {
      noteDamage(error)
      return failureAnswer(call, error)
    }
  }

  /** Checks that a commit would be kept. Throws `away` if not. */
  function checkFiles(): void {
    const lost = files.fault() ?? damage
    if (lost) throw new WireError('away', {}, { cause: lost })
  }

  /** Writes a long WAL into the main file, as SQLite does by itself otherwise. */
  function checkpointIfLong(n: number): void {
    if (isChecking || Number(pagesInWal.get()!.log) < CHECKPOINT_PAGES_COUNT) return
    const result = tryCheckpoint(() => checkpoint.get()!)
    files.noteCheckpoint()
    if (!result || result['log'] !== result['checkpointed']) return
    base = n
    mark.noteCheckpoint(n)
  }

  /** Returns null if the checkpoint failed: the WAL still has all that was committed, as SQLite's own would leave it. */
  function tryCheckpoint<T>(run: () => T): T | null {
    try {
      return run()
    } catch (error) {
      noteDamage(error)
      return null
    }
  }

  /** Empties the WAL into the main file. False if that can't be done now. */
  function truncateWal(): boolean {
    if (isChecking || files.fault()) return false
    const isTruncated = tryCheckpoint(() => truncate.get()!) !== null
    files.noteCheckpoint()
    if (!isTruncated) return false
    files.noteTruncation()
    base = committed
    tryCheckpoint(() => mark.noteCheckpoint(committed))
    return true
  }

  function checkLater(): void {
    const timer = setTimeout(() => {
      if (!check()) checkLater()
    }, CHECK_DELAY_MS).unref()
    endCheck = () => clearTimeout(timer)
  }

  /** Checks the main file in the background. Calls back if it is sound. False if that can't be begun now. */
  function check(onSound = () => {}): boolean {
    if (!truncateWal()) return false
    isChecking = true
    endCheck = checkInBackground(folder, (found, hasRun) => {
      isChecking = false
      damage ??= found
      if (hasRun && damage === null && db.isOpen) onSound()
    })
    return true
  }

  function listFaults(): Fault[] {
    const faults: Fault[] = []
    // Only a commit tells whether the disk takes one again.
    if (failure !== null) commitGroup([])
    if (failure !== null)
      faults.push({
        code: 'disk-failing',
        message: `The disk of ${folder} doesn't take what is saved (${failure}). Check the disk and the system's log.`,
        stops: 'saving',
      })
    const lost = files.fault()
    if (lost) faults.push({ code: 'database-gone', message: lost, stops: 'saving' })
    if (damage)
      faults.push({
        code: 'damaged',
        message: `The database in ${folder} is damaged (${damage}). Stop the server and put a backup in its place.`,
        stops: 'saving',
      })
    if (loss) faults.push({ code: 'changes-lost', message: loss, stops: 'deleting' })
    return faults
  }
}

function deletes({ method, args }: Call): boolean {
  if (method !== 'append') return DELETING_METHODS.has(method)
  const [, , records] = args as Args<'append'>
  return records.includes(null)
}

function runCall({ id, method, args }: Call, methods: Reads | Writes): Answer {
  const callMethod = methods[method as keyof typeof methods] as (...args: unknown[]) => unknown
  return { id, value: callMethod(...args) }
}

function failureAnswer({ id }: Call, error: unknown): Answer {
  const { folder } = workerData as ThreadOptions
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof WireError) {
    const { cause = message } = error as { cause?: unknown }
    return { id, failure: { wire: error.code, message: String(cause) } }
  }
  if (error instanceof EngineError) return { id, failure: { engine: error.code, message } }
  if (isOutOfSpace(error, folder)) return { id, failure: { wire: 'disk-full', message } }
  const isAway = isDamage(error) || isDiskFailure(error)
  return { id, failure: isAway ? { wire: 'away', message } : { message } }
}
