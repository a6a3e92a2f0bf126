import { type ChildProcess, fork } from 'node:child_process'
import { limits, type MediaType, WireError } from '@wirephoto/board'
import type { Question, Reply } from './verdict-worker.ts'

/** What a picture turned out to be. */
export interface Verdict {
  readonly type: MediaType
  /** Pixels, as seen after orientation. */
  readonly width: number
  readonly height: number
  /** Base64. */
  readonly thumbhash: string
}

/** Processes that decode, one picture at a time each. */
const WORKERS = 2
/** Pictures that may wait for one before the server says that it is busy (F7). */
const QUEUE = 500
/** Pictures after which a process is replaced, whatever libraries have left in it. */
const SHIFT = 200
/** Milliseconds after which an idle process ends. */
const IDLE = 60_000
/** Wall-clock time that a picture may take, as a multiple of its CPU time. */
const PATIENCE = 5

/** F8: what decoding may take, in seconds of CPU time and resident bytes. */
interface Most {
  readonly seconds: number
  readonly memory: number
}
const MOST: Most = { seconds: 2, memory: 512e6 }
const MOST_AVIF: Most = { seconds: 10, memory: 1.5e9 }

interface Job {
  readonly question: Question
  readonly resolve: (answer: Answer) => void
  tries: number
}

/**
 * Decodes pictures in child processes: those can be killed while native code runs, a thread can't.
 * Started when needed, replaced when they die.
 */
export class Verdicts {
  readonly #queue: Job[] = []
  readonly #workers = new Set<Worker>()
  readonly #most: Most
  #closed = false

  constructor(most: Most = MOST) {
    this.#most = most
  }

  /** Rejects with `damaged`, `too-many-pixels` or `busy`. `name` is for the sentence. */
  async judge(file: { path: string; type: MediaType; name: string }): Promise<Verdict> {
    const { path, type, name } = file
    if (this.#queue.length >= QUEUE || this.#closed) throw new WireError('busy')
    const { pixels, side } = limits
    const most = type === 'image/avif' ? MOST_AVIF : this.#most
    const question: Question = { path, type, limits: { pixels, side, ...most } }
    const reply = await new Promise<Answer>((resolve) => {
      this.#queue.push({ question, resolve, tries: 0 })
      this.#next()
    })
    if (this.#closed && reply === null) throw new WireError('busy')
    if (reply === null || 'damaged' in reply) throw new WireError('damaged', { name })
    if ('tooLarge' in reply) {
      const { width, height } = reply.tooLarge
      const longest = Math.max(width, height)
      if (longest > side)
        throw new WireError('too-many-pixels', { name, side: longest, limit: side })
      throw new WireError('too-many-pixels', { name, size: width * height, limit: pixels })
    }
    const { width, height, thumbhash } = reply
    return { type, width, height, thumbhash }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const { resolve } of this.#queue.splice(0)) resolve(null)
    await Promise.all(Array.from(this.#workers, (worker) => worker.end()))
  }

  #next(): void {
    if (this.#queue.length === 0) return
    let free = this.#workers.values().find((worker) => worker.free)
    if (!free && this.#workers.size < WORKERS) {
      const fresh = new Worker(() => {
        this.#workers.delete(fresh)
        this.#next()
      })
      this.#workers.add(fresh)
      free = fresh
    }
    if (free) void this.#give(free, this.#queue.shift()!)
  }

  async #give(worker: Worker, job: Job): Promise<void> {
    const reply = await worker.ask(job.question)
    // A process may die by no fault of the picture, once.
    if (reply === null && job.tries++ === 0 && !this.#closed) this.#queue.unshift(job)
    else job.resolve(reply)
    this.#next()
  }
}

/** What a child process makes of a picture; null when it came to no answer. */
type Answer = Reply | null

/** One child process. */
class Worker {
  readonly #child: ChildProcess
  readonly #ready = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  #answer: ((answer: Answer) => void) | null = null
  #pictures = 0
  #retired = false
  #idle: NodeJS.Timeout | undefined

  constructor(onGone: () => void) {
    this.#child = fork(new URL('./verdict-worker.ts', import.meta.url), {
      execArgv: ['--max-old-space-size=64'],
      // Many arenas keep what one picture took from being given back.
      env: { ...process.env, MALLOC_ARENA_MAX: '2' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const gone = () => {
      this.#child.kill('SIGKILL')
      this.#retired = true
      onGone()
      this.#settle(null)
      this.#gone.resolve()
    }
    this.#child.once('message', () => {
      this.#ready.resolve()
      this.#child.on('message', (reply: Reply) => this.#settle(reply))
    })
    this.#child.once('close', gone)
    this.#child.on('error', gone)
  }

  get free(): boolean {
    return this.#answer === null && !this.#retired
  }

  /** Null when the process died; `damaged` when it had to be killed. */
  ask(question: Question): Promise<Answer> {
    clearTimeout(this.#idle)
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const late = () => {
      this.#settle({ damaged: 'takes too long to decode', last: true })
      this.#child.kill('SIGKILL')
    }
    let timer: NodeJS.Timeout | undefined
    // On a busy machine a process may take long to start; that is not the picture's time.
    void this.#ready.promise.then(() => {
      timer = setTimeout(late, question.limits.seconds * PATIENCE * 1000)
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
    const last = answer !== null && 'last' in answer
    if (last || ++this.#pictures >= SHIFT) void this.end()
    else if (!this.#retired) this.#idle = setTimeout(() => void this.end(), IDLE).unref()
    resolve?.(answer)
  }
}
