import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
// By their own doors: without the schemas this thread starts in half the time.
import type { ErrorCode } from '@wirephoto/board'
import { WireError } from '@wirephoto/board/errors'
import { EngineError } from '../errors.ts'
import { isDiskFull, openDatabase } from './database.ts'
import { prepareReads, type Reads } from './reads.ts'
import { prepareWrites, type Writes } from './writes.ts'

/** What the database thread can be asked for, and how: one `Call` a message, or null to end. */
type Methods = Reads & Writes & { opened(): void }
export type Method = keyof Methods
export type Args<M extends Method> = Parameters<Methods[M]>
export type Result<M extends Method> = ReturnType<Methods[M]>

export interface Call {
  readonly id: number
  readonly method: Method
  readonly args: readonly unknown[]
}

/** Several a message. */
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure }

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
    if (writing.length > 0) port.postMessage(group(writing))
    for (const call of calls) if (call.method in reads) port.postMessage([look(call)])
    if (calls.length < waiting.length) {
      db.close()
      port.close()
    }
  })

  /** Group commit: one transaction, so one fsync, for whatever waits. What one call meets is its own. */
  function group(calls: readonly Call[]): Answer[] {
    try {
      begin.run()
      const answers = calls.map(write)
      commit.run()
      return answers
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK')
      return calls.length > 1
        ? calls.flatMap((call) => group([call]))
        : calls.map((call) => failureAnswer(call, error))
    }
  }

  /** A WireError is thrown before anything is written, so the rest of the transaction stands. */
  function write(call: Call): Answer {
    try {
      return run(call, writes)
    } catch (error) {
      if (error instanceof WireError) return failureAnswer(call, error)
      throw error
    }
  }

  function look(call: Call): Answer {
    try {
      return run(call, reads)
    } catch (error) {
      return failureAnswer(call, error)
    }
  }
}

function run({ id, method, args }: Call, methods: Reads | Writes): Answer {
  const run = methods[method as keyof typeof methods] as (...args: unknown[]) => unknown
  return { id, value: run(...args) }
}

function failureAnswer({ id }: Call, error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof WireError) return { id, failure: { wire: error.code, message } }
  if (error instanceof EngineError) return { id, failure: { engine: error.code, message } }
  return { id, failure: isDiskFull(error) ? { wire: 'disk-full', message } : { message } }
}
