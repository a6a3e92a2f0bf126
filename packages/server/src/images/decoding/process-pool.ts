import { type ChildProcess, fork } from 'node:child_process'
import { setPriority } from 'node:os'
import { WireError } from '@wirephoto/board'
import type { Jobs, Question, Reply } from './decode-process.ts'

/**
 * Jobs after which a process is replaced, whatever libraries have left in it. Its start takes as much CPU as
 * a hundred pictures (S8).
 */
const SHIFT = 10_000
/** Milliseconds after which an idle process ends. */
const IDLE = 60_000
/** Time by the clock that a job may take, as a multiple of its CPU time: on a busy machine it is not the picture's. */
const PATIENCE = 15
/** How far variants give way to whatever else the machine has to do. */
const POLITE = 10

/** What a process makes of a picture; null when it came to no answer. */
export type Answer<J extends keyof Jobs = keyof Jobs> = Reply<J> | null

interface Job {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  tries: number
}

interface Options {
  /** Processes, one job at a time each. */
  readonly processes: number
  /** Jobs that may wait. */
  readonly queue: number
  /** Gives way to the other processes of the machine. */
  readonly polite?: boolean
}

/** Jobs that wait for the same processes, which are started when needed and replaced when they die. */
export class ProcessPool {
  readonly #options: Options
  readonly #queue: Job[] = []
  readonly #workers = new Set<Worker>()
  readonly #lulls = new Set<() => void>()
  #isWarm = false
  #closed = false

  constructor(options: Options) {
    this.#options = options
  }

  /** From now on there is always one process. */
  warm(): void {
    this.#isWarm = true
    if (this.#workers.size === 0) this.#start()
  }

  /** Rejects with `busy`. `first`: before all that waits. */
  ask(question: Question, first: boolean): Promise<Answer> {
    if (this.#queue.length >= this.#options.queue || this.#closed)
      return Promise.reject(new WireError('busy'))
    return new Promise((resolve) => {
      this.#queue[first ? 'unshift' : 'push']({ question, resolve, tries: 0 })
      this.#next()
    })
  }

  /** Resolves when no job waits, after so many milliseconds at the latest. */
  async lull(most: number): Promise<void> {
    if (this.#queue.length === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, most)
    this.#lulls.add(resolve)
    await promise
    this.#lulls.delete(resolve)
    clearTimeout(timer)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { resolve } of this.#queue.splice(0)) resolve(null)
    await Promise.all(Array.from(this.#workers, (worker) => worker.end()))
  }

  #next(): void {
    if (this.#queue.length === 0) {
      for (const resolve of this.#lulls) resolve()
      return
    }
    let free = this.#workers.values().find((worker) => worker.free)
    if (!free && this.#workers.size < this.#options.processes) free = this.#start()
    if (free) void this.#give(free, this.#queue.shift()!)
  }

  #start(): Worker {
    const worker = new Worker(this.#options.polite === true, {
      isKept: () => this.#isWarm,
      gone: () => {
        this.#workers.delete(worker)
        // One that didn't get as far as starting is no reason to start the next.
        if (this.#isWarm && worker.started && !this.#closed) this.warm()
        this.#next()
      },
    })
    this.#workers.add(worker)
    return worker
  }

  async #give(worker: Worker, job: Job): Promise<void> {
    const answer = await worker.ask(job.question)
    // A process may die by no fault of the picture, once.
    if (answer === null && job.tries++ === 0 && !this.#closed) this.#queue.unshift(job)
    else job.resolve(answer)
    this.#next()
  }
}

/** One child process. */
class Worker {
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  readonly #isKept: () => boolean
  #answer: ((answer: Answer) => void) | null = null
  #started = false
  #jobs = 0
  #retired = false
  #idle: NodeJS.Timeout | undefined

  constructor(polite: boolean, on: { isKept: () => boolean; gone: () => void }) {
    this.#isKept = on.isKept
    this.#child = fork(new URL('./decode-process.ts', import.meta.url), {
      // Left to itself, V8 lets the young generation grow to 130 MB within a thousand pictures, and is hardly
      // faster for it (S8).
      execArgv: ['--max-old-space-size=128', '--max-semi-space-size=4'],
      // Many arenas keep what one picture took from being given back.
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    if (polite) giveWay(this.#child)
    const gone = () => {
      this.#child.kill('SIGKILL')
      this.#retired = true
      on.gone()
      this.#settle(null)
      this.#gone.resolve()
    }
    this.#child.once('message', () => {
      this.#started = true
      this.#ready.resolve()
      this.#child.on('message', (reply: Reply) => this.#settle(reply))
    })
    this.#child.once('close', gone)
    this.#child.on('error', gone)
  }

  get started(): boolean {
    return this.#started
  }

  get free(): boolean {
    return this.#answer === null && !this.#retired
  }

  /** Null when the process died; `tooHeavy` when it had to be killed. */
  ask(question: Question): Promise<Answer> {
    clearTimeout(this.#idle)
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const late = () => {
      this.#settle({ tooHeavy: true })
      this.#child.kill('SIGKILL')
    }
    let timer: NodeJS.Timeout | undefined
    // On a busy machine a process may take long to start; that is not the picture's time.
    void this.#ready.promise.then(() => {
      timer = setTimeout(late, question.most.seconds * PATIENCE * 1000)
    })
    this.#answer = (answer) => {
      clearTimeout(timer)
      resolve(answer)
    }
    // What can't be sent is answered by the end of the process.
    this.#child.send(question, () => {})
    return promise
  }

  end(): Promise<void> {
    this.#retired = true
    clearTimeout(this.#idle)
    this.#child.kill('SIGKILL')
    return this.#gone.promise
  }

  #settle(answer: Answer): void {
    const resolve = this.#answer
    this.#answer = null
    const last = answer !== null && 'tooHeavy' in answer
    if (last || ++this.#jobs >= SHIFT) void this.end()
    else if (!this.#retired && !this.#isKept())
      this.#idle = setTimeout(() => void this.end(), IDLE).unref()
    resolve?.(answer)
  }
}

function giveWay(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, POLITE)
  } catch {
    // It has ended already, or the system has no priorities.
  }
}
