import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
// Imports of single files: without the schemas this thread starts in half the time.
import type { ErrorCode } from '@wirephoto/board'
import { WireError } from '@wirephoto/board/errors'
import { EngineError } from '../errors.ts'
import { isOutOfSpace, openDatabase } from './database.ts'
import { prepareReads, type Reads } from './reads.ts'
import { prepareWrites, type Writes } from './writes.ts'

/** The methods of the database thread. `opened` waits for the database to be open. */
type Methods = Reads & Writes & { opened(): void }
export type Method = keyof Methods
export type Args<M extends Method> = Parameters<Methods[M]>
export type Result<M extends Method> = ReturnType<Methods[M]>

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
    serve(workerData as string)
    port.postMessage([{ id: first.id, value: undefined }])
  } catch (error) {
    port.postMessage([failureAnswer(first, error)])
    port.close()
  }
})

function serve(folder: string): void {
  const db = openDatabase(folder)
  const reads = prepareReads(db)
  const writes = prepareWrites(db)
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')

  port.on('message', (first: Call | null) => {
    const waiting = [first]
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
      waiting.push(next.message)
    const calls = waiting.filter((call) => call !== null)
    const writing = calls.filter(({ method }) => method in writes)
    if (writing.length > 0) port.postMessage(commitGroup(writing))
    for (const call of calls) if (call.method in reads) port.postMessage([read(call)])
    if (calls.length < waiting.length) {
      db.close()
      port.close()
    }
  })

  /**
   * Commits all waiting writes in one transaction, so with one fsync. If that fails, each write is tried
   * in a transaction of its own, so that it fails for itself only.
   */
  function commitGroup(calls: readonly Call[]): Answer[] {
    try {
      begin.run()
      const answers = calls.map(write)
      commit.run()
      return answers
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      return calls.length > 1
        ? calls.flatMap((call) => commitGroup([call]))
        : calls.map((call) => failureAnswer(call, error))
    }
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
      return runCall(call, reads)
    } catch (error) {
      return failureAnswer(call, error)
    }
  }
}

function runCall({ id, method, args }: Call, methods: Reads | Writes): Answer {
  const callMethod = methods[method as keyof typeof methods] as (...args: unknown[]) => unknown
  return { id, value: callMethod(...args) }
}

function failureAnswer({ id }: Call, error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof WireError) return { id, failure: { wire: error.code, message } }
  if (error instanceof EngineError) return { id, failure: { engine: error.code, message } }
  return { id, failure: isOutOfSpace(error) ? { wire: 'disk-full', message } : { message } }
}
