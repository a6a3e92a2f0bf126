import { Worker } from 'node:worker_threads'
import { WireError } from '@wirephoto/board'
import { EngineError } from '../errors.ts'
import type { Answer, Args, Failure, Method, Result, ThreadOptions } from './worker.ts'

interface Pending {
  readonly resolve: (value: never) => void
  readonly reject: (error: Error) => void
}

/** The thread that the database runs in: `node:sqlite` blocks the thread that calls it. */
export class DatabaseThread {
  readonly #worker: Worker
  readonly #pending = new Map<number, Pending>()
  readonly #ended: Promise<void>
  #lastId = 0
  #closed = false
  /** The reason for which every call fails, once the thread has ended by itself. */
  #dead: WireError | null = null

  private constructor(options: ThreadOptions) {
    this.#worker = new Worker(new URL(import.meta.resolve('#database-thread')), {
      workerData: options,
    })
    let cause: unknown
    this.#worker.on('message', (answers: Answer[]) =>
      answers.forEach((answer) => this.#settle(answer)),
    )
    this.#worker.on('error', (error) => {
      cause = error
    })
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        const why = new Error('The database thread has ended', { cause })
        const dead = new WireError('away', {}, { cause: why })
        if (!this.#closed) this.#dead = dead
        this.#closed = true
        for (const { reject } of this.#pending.values()) reject(dead)
        this.#pending.clear()
        resolve()
      })
    })
  }

  /** Starts the thread and opens the folder's database. Rejects with an EngineError if it can't be opened. */
  static async open(options: ThreadOptions): Promise<DatabaseThread> {
    const thread = new DatabaseThread(options)
    await thread.#send('opened', [])
    return thread
  }

  /** Calls a method of the thread. Rejects with `stopping` once the thread is closed, with `away` if it has died. */
  call<M extends Method>(method: M, ...args: Args<M>): Promise<Result<M>> {
    if (this.#dead) return Promise.reject(this.#dead)
    return this.#closed ? Promise.reject(new WireError('stopping')) : this.#send(method, args)
  }

  /** Ends the thread once every earlier call is answered. */
  close(): Promise<void> {
    if (!this.#closed) this.#worker.postMessage(null)
    this.#closed = true
    return this.#ended
  }

  #send<M extends Method>(method: M, args: Args<M>): Promise<Result<M>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      this.#pending.set(id, { resolve, reject })
      this.#worker.postMessage({ id, method, args })
    })
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if ('failure' in answer) pending?.reject(revive(answer.failure))
    else pending?.resolve(answer.value as never)
  }
}

/** Restores the class and code of an error that the thread has sent. */
function revive({ wire, engine, message }: Failure): Error {
  if (wire) return new WireError(wire, {}, { cause: message })
  return engine ? new EngineError(engine, message) : new Error(message)
}
