import type { Board } from '@wirephoto/client'
import type { Size } from './shrink.ts'

/** No picture that a browser can decode takes this long. Later ones go without a preview. */
const DECODE_TIMEOUT_MS = 15_000
/** Large pictures take much memory to decode, and phones have little. */
const WORKER_COUNT = matchMedia('(pointer: coarse)').matches ? 1 : 2

/** A shorter file is soon there. */
const LONG_FILE_BYTES = 1_000_000

/** The most pictures of a drop whose previews are made while they are announced. */
const SMALL_DROP_COUNT = 100

/** How long previews wait at most until the pictures of a large drop are announced. */
const ANNOUNCING_TIMEOUT_MS = 2_000

/** A message to a worker, which answers with the preview or null. */
export interface PreviewTask {
  readonly file: Blob
  /** The picture. */
  readonly id: string
  /** Upright. */
  readonly size: Size
  /** It tells what else is made than a preview. A thumbnail, which a camera has put into the file, takes a moment. */
  readonly kind?: 'thumbnail' | 'large' | undefined
}

/** Makes previews, in workers where the browser can draw there. */
export class Previews {
  readonly #idle: (Worker | null)[] = Array.from({ length: WORKER_COUNT }, startWorker)
  /** Tasks that wait: thumbnails, then previews. */
  readonly #waiting: Record<'soon' | 'later', ((worker: Worker | null) => void)[]> = {
    soon: [],
    later: [],
  }

  readonly #board: Board
  #announced: Promise<unknown> | null = null

  constructor(board: Board) {
    this.#board = board
    // At hand for the time when a worker breaks.
    loadMaking().catch(() => {})
  }

  /**
   * Makes a preview; null if the file can't be decoded here, or has no thumbnail to trust. Files are begun in the
   * order of calls, thumbnails before all others.
   */
  async make(task: PreviewTask): Promise<Uint8Array | null> {
    const made = await this.#make(task)
    if (made && !task.kind && task.file.size > LONG_FILE_BYTES)
      import('./large-preview.ts').then(
        ({ offerLargePreview }) =>
          offerLargePreview(this.#board, task, () => this.#make({ ...task, kind: 'large' })),
        () => {
          // Others see the small one until the file is there.
        },
      )
    return made
  }

  async #make(task: PreviewTask): Promise<Uint8Array | null> {
    await this.#whenAnnounced()
    let worker = await this.#take(task)
    try {
      const answer = worker ? await makeIn(worker, task) : 'broken'
      if (answer !== 'broken' && answer !== 'late') return answer
      worker?.terminate()
      worker = answer === 'late' ? startWorker() : null
      if (answer === 'late') return null
      return await makeHere(task)
    } catch {
      return null
    } finally {
      const next = this.#waiting.soon.shift() ?? this.#waiting.later.shift()
      if (next) next(worker)
      else this.#idle.push(worker)
    }
  }

  /**
   * Resolves when hardly any picture waits to be announced. Workers that decode would slow down the boxes of a large
   * drop, here and on everybody's screen.
   */
  async #whenAnnounced(): Promise<void> {
    const { connection, unsent } = this.#board.status
    if (connection !== 'live' || unsent <= SMALL_DROP_COUNT) return
    this.#announced ??= Promise.race([
      this.#board.settled().catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, ANNOUNCING_TIMEOUT_MS)),
    ]).finally(() => {
      this.#announced = null
    })
    await this.#announced
  }

  #take({ kind }: PreviewTask): Promise<Worker | null> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return Promise.resolve(idle)
    return new Promise((resolve) =>
      this.#waiting[kind === 'thumbnail' ? 'soon' : 'later'].push(resolve),
    )
  }
}

const loadMaking = () => import('./make-preview.ts')

/** Makes a preview in the page's own thread. */
const makeHere = async (task: PreviewTask): Promise<Uint8Array | null> =>
  (await loadMaking()).makePreview(task)

type Answer = Uint8Array | null | 'broken' | 'late'

/** Has a worker make a preview. */
function makeIn(worker: Worker, task: PreviewTask): Promise<Answer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), DECODE_TIMEOUT_MS)
    const end = (answer: Answer): void => {
      clearTimeout(timer)
      resolve(answer)
    }
    worker.onerror = () => end('broken')
    worker.onmessage = ({ data }: MessageEvent<Uint8Array | null>) => end(data)
    worker.postMessage(task)
  })
}

/** Starts a worker. Null where workers can't draw pictures. */
function startWorker(): Worker | null {
  if (typeof OffscreenCanvas !== 'function') return null
  try {
    return new Worker(new URL('./preview.worker.ts', import.meta.url), { type: 'module' })
  } catch {
    return null
  }
}
