import type { Preview, Size } from './shrink.ts'

/** Milliseconds after which a picture goes without: none that a browser can decode takes so long. */
const DECODE_TIMEOUT_MS = 15_000
/** Pictures that are decoded at once: large ones take much memory, and phones have little. */
const WORKER_COUNT = matchMedia('(pointer: coarse)').matches ? 1 : 2

interface Task {
  readonly file: Blob
  /** Null for one that shall not be decoded. */
  readonly size: Promise<Size | null>
}

/** What a worker is told: a file, and then its size. It answers with a `Preview` or null. */
export type Told = { readonly file: Blob } | { readonly size: Size | null }

/** Makes previews, off the main thread where the browser can draw there. */
export class Previews {
  readonly #idle: (Worker | null)[] = Array.from({ length: WORKER_COUNT }, start)
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
      return await shrink(task.file, task.size)
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

function ask(worker: Worker, { file, size }: Task): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), DECODE_TIMEOUT_MS)
    const end = (answer: Answer): void => {
      clearTimeout(timer)
      resolve(answer)
    }
    worker.onerror = () => end('broken')
    worker.onmessage = ({ data }: MessageEvent<Preview | null>) => end(data)
    const tell = (told: Told): void => worker.postMessage(told)
    tell({ file })
    void size.then((known) => tell({ size: known && { width: known.width, height: known.height } }))
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
