import {
  type ErrorCode,
  type ImageAdd,
  type ImageRecord,
  limits,
  type SenderReport,
  WireError,
} from '@wirephoto/board'
import { backoff } from './backoff.ts'
import type { SavedFile, Store } from './store.ts'
import type { TransferFailure } from './transfer.ts'
import type { Problem } from './types.ts'
import { UploadSlots } from './upload-slots.ts'

/** Milliseconds that one page keeps others from sending the same file, and between its renewals. */
const CLAIM_MS = 4_000
const CLAIM_RENEWAL_MS = 1_000
/** Milliseconds between two words about progress. */
const PROGRESS_INTERVAL_MS = 100

/** Time that a server has to answer before a picture that is given up is trashed instead. */
const CANCEL_TIMEOUT_MS = 10_000

/** A picture of one's own whose file is on its way. It leaves the list when it is stored. */
export interface OwnUpload {
  /** The picture's id. */
  readonly id: string
  /** What is being sent: to be shown until the server has it. */
  readonly file: Blob
  readonly name: string
  /** Bytes. */
  readonly sent: number
  readonly total: number
  readonly state: 'waiting' | 'sending' | 'retrying' | 'failed'
  /** When the next try is made, in milliseconds since 1970, while `retrying`. */
  readonly retryAt?: number
  /** Why it failed. */
  readonly error?: Problem
}

interface Job {
  readonly id: string
  readonly file: Blob
  /** What announced it; null when an earlier page did. */
  readonly add: ImageAdd | null
  phase: 'idle' | 'running' | 'pausing' | 'sent' | 'failed'
  /** The server may have a part of it: ask before sending. */
  isBegun: boolean
  failures: number
  progressAt: number
  claimedAt: number
  timer: ReturnType<typeof setTimeout> | undefined
  stop: (() => void) | undefined
}

interface UploadsOptions {
  readonly board: string
  /** Where uploads are made; each is then at `<endpoint>/<picture>`. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  readonly store: Promise<Store>
  /** This page, as it claims files. */
  readonly page: string
  readonly pictures: ReadonlyMap<string, ImageRecord>
  /** Whether the picture's add has no answer yet. */
  readonly isAdding: (id: string) => boolean
  /** Whether files must wait: smaller things of more pictures go first. */
  readonly isHeld: () => boolean
  /** Resolves when no command waits for its answer, or has waited long enough. */
  readonly whenIdle: () => Promise<void>
  /** The greater, the sooner it is sent. */
  readonly rank: (id: string) => number
  /** Whether the picture is known not to be there, and not to come. */
  readonly isGone: (id: string) => boolean
  readonly changed: (ids: ReadonlySet<string>) => void
  /** What others can't see of them. */
  readonly say: (sending: SenderReport) => void
  /** Turned down for good. */
  readonly failed: (id: string, why: Problem) => void
}

/**
 * Files on their way (tus 1.0.0). An upload waits for the answer to its picture's `image.add`, is tried
 * for ever while it fails for want of a line or a server, and ends when the feed says that the picture
 * is stored, whatever the last request came to. Files outlive the page in the store.
 */
export class Uploads {
  readonly shown = new Map<string, OwnUpload>()
  readonly #options: UploadsOptions
  readonly #jobs = new Map<string, Job>()
  readonly #slots: UploadSlots
  readonly #cancelled = new Set<string>()
  #running = 0
  #closed = false

  constructor(options: UploadsOptions) {
    this.#options = options
    this.#slots = new UploadSlots(options.page, () => this.pump())
  }

  /** Keeps the file, and sends it when its turn comes. */
  add(add: ImageAdd, file: Blob): void {
    this.#enlist({ id: add.id, file, name: add.name }, add)
    this.#keep(add.id)
  }

  /** Goes on with what earlier pages left. */
  adopt(files: readonly SavedFile[]): void {
    for (const saved of files) if (!this.#jobs.has(saved.id)) this.#enlist(saved, null)
    this.pump()
  }

  /** Looks again at these pictures: stored ones are done, gone ones can't be. */
  review(ids: Iterable<string>): void {
    for (const id of ids) {
      const job = this.#jobs.get(id)
      const picture = this.#options.pictures.get(id)
      if (!job || job.phase === 'failed') continue
      if (picture?.blob) this.drop(id)
      // A request under way knows better why.
      else if (this.#options.isGone(id) && job.phase !== 'running') this.#gone(job)
    }
  }

  /** Starts what can be started. */
  pump(): void {
    const { isAdding, isHeld, rank } = this.#options
    const idle = [...this.#jobs.values()].filter(
      ({ id, phase }) => phase === 'idle' && !isAdding(id),
    )
    if (idle.length === 0 || isHeld()) return
    for (const job of idle.sort((a, b) => rank(b.id) - rank(a.id))) {
      if (this.#closed || this.#running >= this.#slots.limit) return
      void this.#run(job)
    }
  }

  /** What only we know of them, for others: all that isn't simply on its way. */
  report(): void {
    const told = [...this.shown.values()].filter(
      ({ state }) => state === 'retrying' || state === 'failed',
    )
    for (let i = 0; i < told.length; i += limits.picturesPerReport)
      this.#options.say(
        Object.assign({}, ...told.slice(i, i + limits.picturesPerReport).map(stateReport)),
      )
  }

  /** The line is back: what waits for another try has it now. */
  onLive(): void {
    for (const job of this.#jobs.values()) if (job.phase === 'pausing') this.#resume(job)
    this.report()
    this.pump()
  }

  /** Tries a failed one again: what announces it anew, if its picture is gone. */
  retry(id: string): ImageAdd | null {
    const job = this.#jobs.get(id)
    if (job?.phase !== 'failed') return null
    const { error: _, ...upload } = this.shown.get(id)!
    this.#put(id, { ...upload, sent: 0, state: 'waiting' })
    Object.assign(job, { phase: 'idle', failures: 0 })
    this.#keep(id)
    queueMicrotask(() => this.pump())
    return this.#options.pictures.has(id) ? null : job.add
  }

  fail(id: string, error: Problem): void {
    const job = this.#jobs.get(id)
    if (!job) return
    this.#halt(job)
    job.phase = 'failed'
    const { retryAt: _, ...upload } = this.shown.get(id)!
    this.#put(id, { ...upload, state: 'failed', error })
    this.#forget(id)
  }

  /** Lets go of an upload, be it done or given up. */
  drop(id: string): void {
    const job = this.#jobs.get(id)
    if (!job) return
    this.#halt(job)
    this.#jobs.delete(id)
    this.shown.delete(id)
    this.#forget(id)
    this.#changed(id)
    this.pump()
  }

  /** Gives it up; true when the server has heard of it, and its picture is gone. */
  async cancel(id: string): Promise<boolean> {
    const { endpoint, headers } = this.#options
    this.#cancelled.add(id)
    this.drop(id)
    const response = await fetch(`${endpoint}/${id}`, {
      method: 'DELETE',
      headers: { ...headers, 'tus-resumable': '1.0.0' },
      signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS),
    }).catch(() => null)
    return response !== null && (response.ok || response.status === 410)
  }

  isCancelled(id: string): boolean {
    return this.#cancelled.has(id)
  }

  /** Lets other pages send what is on its way here. */
  release(): void {
    const ids = [...this.#jobs.values()]
      .filter(({ claimedAt }) => claimedAt > 0)
      .map(({ id }) => id)
    void this.#options.store.then((store) => store.release(ids)).catch(() => {})
  }

  /** Stops; files stay in the store for the next page. */
  close(): void {
    this.#closed = true
    this.#slots.close()
    for (const job of this.#jobs.values()) this.#halt(job)
    this.release()
  }

  #enlist({ id, file, name }: Omit<SavedFile, 'board'>, add: ImageAdd | null): void {
    const never = { timer: undefined, stop: undefined, failures: 0, progressAt: 0, claimedAt: 0 }
    this.#jobs.set(id, { ...never, id, file, add, phase: 'idle', isBegun: add === null })
    this.shown.set(id, { id, file, name, sent: 0, total: file.size, state: 'waiting' })
    this.#changed(id)
  }

  /** One try. */
  async #run(job: Job): Promise<void> {
    const { id } = job
    job.phase = 'running'
    this.#running++
    this.#slots.sends = true
    const renewal = setInterval(() => void this.#claim(job), CLAIM_RENEWAL_MS)
    job.claimedAt = 0
    try {
      if (!(await this.#claim(job))) return this.#pause(job, CLAIM_RENEWAL_MS)
      if (job.phase !== 'running') return
      this.#show(id, { state: 'sending' })
      const setback = await this.#send(job)
      if (job.phase !== 'running') return
      if (setback) return await this.#judge(job, setback)
      job.phase = 'sent'
      this.#show(id, { sent: job.file.size })
    } finally {
      clearInterval(renewal)
      job.stop = undefined
      this.#running--
      this.#slots.sends = this.#running > 0
      this.review([id])
      this.pump()
    }
  }

  async #send(job: Job): Promise<TransferFailure | null> {
    const { endpoint, headers, whenIdle } = this.#options
    const { id, file, isBegun } = job
    // What sends is fetched when there is something to send; without a line both have to wait.
    const loaded = await import('./transfer.ts').catch(() => null)
    if (!loaded) return { isAnswered: false, refusal: null, retryAfterMs: 0 }
    if (job.phase !== 'running') return null
    job.isBegun = true
    const { outcome, stop } = loaded.transfer({
      id,
      file,
      endpoint,
      headers,
      isBegun,
      // Drags, deletes and previews before bytes.
      beforeRequest: async (method) => {
        await whenIdle()
        // Another page sends too: one at a time, each.
        if (method === 'PATCH' && this.#running > this.#slots.limit) this.#giveWay(job)
      },
      onProgress: (sent) => this.#progress(job, sent),
    })
    job.stop = stop
    return outcome
  }

  #progress(job: Job, sent: number): void {
    const now = Date.now()
    if (job.phase !== 'running' || now - job.progressAt < PROGRESS_INTERVAL_MS) return
    job.progressAt = now
    job.failures = 0
    // Timers of a hidden page are slow.
    void this.#claim(job)
    this.#show(job.id, { sent })
  }

  /** What a failed try means: try again, or give up. */
  async #judge(job: Job, { isAnswered, refusal, retryAfterMs }: TransferFailure): Promise<void> {
    if (refusal) return this.#give(job, refusal)
    // The file may have gone from under us: then no try will send it.
    if (!isAnswered && !(await isReadable(job.file)))
      return this.#give(job, problem('damaged', job.add?.name))
    if (job.phase !== 'running') return
    const wait = Math.max(retryAfterMs, backoff(job.failures++))
    this.#pause(job, wait)
    this.#show(job.id, { state: 'retrying', retryAt: Date.now() + wait })
  }

  #give(job: Job, why: Problem): void {
    this.fail(job.id, why)
    this.#options.failed(job.id, why)
  }

  #pause(job: Job, milliseconds: number): void {
    job.phase = 'pausing'
    job.timer = setTimeout(() => {
      this.#resume(job)
      this.pump()
    }, milliseconds)
  }

  #resume(job: Job): void {
    clearTimeout(job.timer)
    job.phase = 'idle'
  }

  /** The picture is gone, and nobody said why. */
  #gone(job: Job): void {
    if (!job.add) return this.drop(job.id)
    this.#give(job, problem('upload-gone'))
  }

  #halt(job: Job): void {
    clearTimeout(job.timer)
    job.phase = 'idle'
    job.stop?.()
  }

  /** Ends the try; it goes on from where it was when there is room. */
  #giveWay(job: Job): never {
    job.phase = 'idle'
    this.#show(job.id, { state: 'waiting' })
    throw new Error('Another page sends')
  }

  #show(id: string, news: Partial<OwnUpload>): void {
    const shown = this.shown.get(id)
    if (!shown) return
    const { retryAt: _, ...upload } = shown
    this.#put(id, { ...upload, ...news })
  }

  #put(id: string, upload: OwnUpload): void {
    const before = this.shown.get(id)
    this.shown.set(id, upload)
    const isNews = before?.state !== upload.state || before.retryAt !== upload.retryAt
    if (isNews && !(before?.state === 'waiting' && upload.state === 'sending'))
      this.#options.say(stateReport(upload))
    this.#changed(id)
  }

  #changed(id: string): void {
    this.#options.changed(new Set([id]))
  }

  #keep(id: string): void {
    const { board, store } = this.#options
    const { file, name } = this.shown.get(id)!
    // A store without room for it costs only what a reload would have saved.
    void store.then((opened) => opened.putFile({ board, id, file, name })).catch(() => {})
  }

  #forget(id: string): void {
    void this.#options.store.then((store) => store.removeFile(id)).catch(() => {})
  }

  /** Whether this page is the one that sends the file. */
  async #claim(job: Job): Promise<boolean> {
    const now = Date.now()
    if (now - job.claimedAt < CLAIM_RENEWAL_MS / 2) return true
    job.claimedAt = now
    const { store, page } = this.#options
    const until = now + CLAIM_MS
    const isOurs = await store.then((opened) => opened.claim(job.id, page, until)).catch(() => true)
    if (!isOurs) job.claimedAt = 0
    return isOurs
  }
}

const problem = (code: ErrorCode, name?: string): Problem => new WireError(code, { name }).toJSON()

const isReadable = (file: Blob): Promise<boolean> =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    )

/** An upload's state as its sender tells it to others. */
function stateReport({ id, state, retryAt }: OwnUpload): SenderReport {
  if (state === 'failed') return { [id]: { state } }
  if (state !== 'retrying') return { [id]: { state: 'sending' } }
  return { [id]: { state, wait: Math.max(0, Math.round((retryAt ?? 0) - Date.now())) } }
}
