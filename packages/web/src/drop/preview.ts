/** Makes thumbhashes one after another: decoded photographs are large, and fifty may wait. */
export class Previews {
  #worker: Worker | null | undefined
  #last: Promise<unknown> = Promise.resolve()
  #n = 0

  /** The thumbhash in base64, null for a file that this browser can't decode. */
  thumbhash(file: Blob): Promise<string | null> {
    const made = this.#last.then(() => this.#make(file))
    this.#last = made
    return made
  }

  async #make(file: Blob): Promise<string | null> {
    if (this.#worker === undefined) this.#worker = start()
    if (this.#worker) {
      const answer = await this.#ask(this.#worker, file)
      if (answer !== undefined) return answer
      this.#worker.terminate()
      this.#worker = null
    }
    const { thumbhashOf } = await import('./thumbhash.ts')
    return thumbhashOf(file).catch(() => null)
  }

  /** Undefined when the worker itself has failed. */
  #ask(worker: Worker, file: Blob): Promise<string | null | undefined> {
    const n = ++this.#n
    return new Promise((resolve) => {
      worker.onerror = () => resolve(undefined)
      worker.onmessage = ({ data }: MessageEvent<{ n: number; thumbhash: string | null }>) => {
        if (data.n === n) resolve(data.thumbhash)
      }
      worker.postMessage({ n, file })
    })
  }
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
