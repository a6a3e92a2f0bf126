import type { Preview } from './shrink.ts'

/** Milliseconds after which a picture goes without: none that a browser can decode takes so long. */
const PATIENCE = 15_000
/** Pictures that are decoded at once: large ones take much memory, and phones have little. */
const CREW = matchMedia('(pointer: coarse)').matches ? 1 : 2

/** What a worker is asked; it answers with a `Preview` or null. */
export interface Task {
  readonly file: Blob
  readonly width: number
  readonly height: number
}

/** Makes previews, off the main thread where the browser can draw there. */
export class Previews {
  readonly #idle: (Worker | null)[] = Array.from({ length: CREW }, start)
  readonly #waiting: ((worker: Worker | null) => void)[] = []

  /** Those that are asked for first are begun first. Null for a file that can't be decoded here. */
  async make(task: Task): Promise<Preview | null> {
    let worker = await this.#take()
    try {
      const answer = worker ? await ask(worker, task) : 'broken'
      if (answer !== 'broken' && answer !== 'late') return answer
      worker?.terminate()
      worker = answer === 'late' ? start() : null
      if (answer === 'late') return null
      const { shrink } = await import('./shrink.ts')
      return await shrink(task.file, task.width, task.height)
    } catch {
      return null
    } finally {
      const next = this.#waiting.shift()
      if (next) next(worker)
      else this.#idle.push(worker)
    }
  }

  #take(): Promise<Worker | null> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return Promise.resolve(idle)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

type Answer = Preview | null | 'broken' | 'late'

function ask(worker: Worker, task: Task): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), PATIENCE)
    const end = (answer: Answer): void => {
      clearTimeout(timer)
      resolve(answer)
    }
    worker.onerror = () => end('broken')
    worker.onmessage = ({ data }: MessageEvent<Preview | null>) => end(data)
    worker.postMessage(task)
  })
}

/** A worker, or null where pictures can't be drawn in one. */
function start(): Worker | null {
  if (typeof OffscreenCanvas !== 'function') return null
  try {
    return new Worker(new URL('./preview.worker.ts', import.meta.url), { type: 'module' })
  } catch {
    return null
  }
}
