import { type ImageAdd, type ImageRecord, WireError } from '@wirephoto/board'
import { backoff } from './backoff.ts'
import type { Emitter } from './events.ts'
import { newId } from './ids.ts'
import { inBackground, logFault } from './in-background.ts'
import type { PreviewsLeft } from './own-previews.ts'
import { type SavedFile, type Store, tellStore } from './store.ts'
import type { BoardEvents, Obstacle, OwnUpload, Problem } from './types.ts'
import type {
  AttemptOutcome,
  CommandsBefore,
  ServerProgress,
  UploadContext,
} from './upload-attempt.ts'
import { UploadJob } from './upload-job.ts'
import { type UploadChannel, UploadList } from './upload-list.ts'
import { UploadSlots } from './upload-slots.ts'
import type { BoardEndpoint } from './urls.ts'

/** The longest time that a file waits for its preview. */
const PREVIEW_WAIT_MS = 2_000

/** The upload of a longer file begins while its preview is made. */
const LEADING_FILE_BYTES = 1_000_000

/** Given-up pictures that are remembered, so that those who wait for them are told why. */
const CANCELLED_KEPT_COUNT = 1_000

/** Returns the outcome of a try that was ended here, before the server said anything. */
const endedHere = (obstacle?: Obstacle): AttemptOutcome => ({
  kind: 'failed',
  retryAfterMs: 0,
  obstacle,
  trouble: null,
})

const loadAttempt = () => import('./upload-attempt.ts')

/** The pictures of the board, as uploads see them. */
interface Pictures {
  readonly pictures: ReadonlyMap<string, ImageRecord>
  /** Whether a picture that isn't here isn't on the board either. */
  readonly isLoaded: boolean
  /** Our own pictures that wait for a moderator, and whether those are all. */
  readonly held: ReadonlySet<string>
  readonly isHeldKnown: boolean
}

/** The commands, which announce pictures and go before their files. */
interface Commands extends CommandsBefore {
  /** Whether any picture's add has no answer yet. */
  readonly isAnnouncing: boolean
  /** Whether this picture's add has no answer yet. */
  isAdding(id: string): boolean
}

/** A file that was added here. */
interface NewFile {
  readonly add: ImageAdd
  readonly file: Blob
  readonly previews: PreviewsLeft | undefined
}

interface UploadsOptions {
  readonly endpoint: BoardEndpoint
  readonly store: Promise<Store>
  readonly replica: Pictures
  readonly queue: Commands
  readonly arrivals: ServerProgress
  readonly channel: UploadChannel
  readonly events: Emitter<BoardEvents>
}

/**
 * Files on their way (tus 1.0.0). An upload waits for the answer to its picture's `image.add`. It is tried
 * again for as long as only the connection or the server fails. It ends when the feed says that the picture
 * is stored, whatever became of the last request. Files outlive the page in the store.
 */
export class Uploads {
  readonly #replica: Pictures
  readonly #queue: Commands
  readonly #events: Emitter<BoardEvents>
  readonly #context: UploadContext
  readonly #jobs = new Map<string, UploadJob>()
  readonly #cancelled = new Set<string>()
  #trouble: Problem | null = null
  /** Ends the wait of files that came too fast. */
  #slowTimer: ReturnType<typeof setTimeout> | undefined
  /** The obstacles that the page has been told of. */
  readonly #obstacles = new Set<Obstacle>()
  /** Callers of `pause` that haven't let go yet. */
  #holds = 0
  #priority: (id: string) => number = () => 0
  /** Settles when the store has every file so far. */
  #keeping: Promise<void> = Promise.resolve()
  #isClosed = false
  /** Whether the server doesn't let us see the board. */
  #isBarred = false

  constructor({ endpoint, store, replica, queue, arrivals, channel, events }: UploadsOptions) {
    const page = newId(Date.now())
    const list = new UploadList(channel, events)
    const slots = new UploadSlots(page)
    this.#replica = replica
    this.#queue = queue
    this.#events = events
    const partSizes = undefined
    const waitingBefore = (job: UploadJob) => {
      const priority = this.#priority(job.id)
      return this.#waiting().filter(({ id }) => this.#priority(id) >= priority)
    }
    const own = { page, list, slots, partSizes, waitingBefore }
    this.#context = { endpoint, store, queue, arrivals, events, ...own }
    slots.on('changed', () => this.pump())
  }

  /** Our own uploads by their picture's id. */
  get shown(): ReadonlyMap<string, OwnUpload> {
    return this.#context.list.shown
  }

  /** Whether a file that may still be sent would go with the page. */
  get hasUnkept(): boolean {
    return this.#jobs.values().some(({ isKept, state }) => !isKept && state.current !== 'failed')
  }

  /** Why the server took nothing of the last file, though another try may succeed. */
  get trouble(): Problem | null {
    return this.#jobs.size > 0 ? this.#trouble : null
  }

  /** Keeps files, and sends each when its turn comes, and after its preview. */
  add(files: readonly NewFile[]): void {
    const jobs = files.map(({ add, file }) => this.#register({ id: add.id, file }, add))
    this.#context.list.add(files.map(({ add, file }) => ({ id: add.id, file, name: add.name })))
    for (const [i, { add, previews }] of files.entries()) {
      this.#keep(add.id)
      if (previews) this.#awaitPreviews(jobs[i]!, previews)
    }
  }

  /** Takes over the files that earlier pages left. */
  adopt(files: readonly SavedFile[]): void {
    const unknown = files.filter(({ id }) => !this.#jobs.has(id))
    const jobs = unknown.map((saved) => this.#register(saved, saved.refused?.add ?? null))
    this.#context.list.add(unknown)
    for (const [i, { id, refused }] of unknown.entries()) {
      jobs[i]!.isKept = true
      if (refused && jobs[i]!.state.take('refused')) this.#showFailed(id, refused.error)
    }
    this.pump()
  }

  /** Ends the uploads of those pictures that are stored, or gone. */
  review(ids: Iterable<string>): void {
    for (const id of ids) {
      const job = this.#jobs.get(id)
      if (!job || job.state.current === 'failed') continue
      if (this.#replica.pictures.get(id)?.blob) this.drop(id, true)
      // A request under way will say why the picture is gone.
      else if (this.isGone(id) && !job.isRunning) this.#onGone(job)
    }
  }

  /** Starts as many uploads as there is room for. */
  pump(): void {
    if (!this.#context.slots.hasRoom) return
    for (const job of this.#waiting()) {
      if (this.#isClosed || !this.#context.slots.hasRoom) return
      inBackground(this.#run(job))
    }
  }

  /** Makes files wait until the returned function is called. */
  pause(): () => void {
    this.#holds++
    let isHeld = true
    return () => {
      if (isHeld) this.#holds--
      isHeld = false
      this.pump()
    }
  }

  /** Fetches the code that sends, before the first file needs it. */
  preload(): void {
    loadAttempt().catch(() => {})
  }

  /** Sends files of pictures with a higher priority sooner. */
  setPriority(priority: (id: string) => number): void {
    this.#priority = priority
  }

  /** The connection is back: uploads that wait for another try have it now. */
  onLive(isSlow: boolean): void {
    this.#isBarred = false
    this.#context.partSizes?.onLive()
    for (const job of this.#jobs.values()) {
      if (job.state.current === 'paused') this.#requeue(job)
      job.onLive?.(isSlow)
    }
    this.#context.list.reportTroubled()
    this.pump()
  }

  /** The server refuses the board: files wait until it is live again. */
  bar(): void {
    this.#isBarred = true
  }

  /** Tries a failed upload again. Returns the command that announces its picture, if that is gone. */
  retry(id: string): ImageAdd | null {
    const job = this.#jobs.get(id)
    if (!job?.state.take('retried')) return null
    this.#context.list.update(id, { state: 'waiting', sent: 0, error: undefined })
    job.failures = 0
    this.#keep(id)
    queueMicrotask(() => this.pump())
    return this.#replica.pictures.has(id) ? null : job.add
  }

  /** Ends an upload that was refused, perhaps with its `add`; it stays in the list until it is retried or given up. */
  fail(id: string, error: Problem, add: ImageAdd | null = null): void {
    const job = this.#jobs.get(id)
    if (!job?.state.take('refused')) return
    job.add ??= add
    job.halt()
    this.#showFailed(id, error)
    // It waits until adding is open again, which may be after a reload.
    if (job.add && error.code === 'adding-paused') this.#keep(id, { add: job.add, error })
    else this.#forget(id)
  }

  /** Takes an upload out of the list, as it is done or given up. */
  drop(id: string, isStored = false): void {
    const job = this.#jobs.get(id)
    if (!job?.state.take('dropped')) return
    job.halt(isStored)
    this.#jobs.delete(id)
    this.#forget(id)
    this.#context.list.remove(id)
    this.pump()
  }

  /** Gives an upload up. Resolves with true when the server has removed its picture. */
  async cancel(id: string): Promise<boolean> {
    this.#cancelled.add(id)
    const [oldest] = this.#cancelled
    if (oldest && this.#cancelled.size > CANCELLED_KEPT_COUNT) this.#cancelled.delete(oldest)
    this.drop(id)
    const loaded = await loadAttempt().catch(() => null)
    return loaded !== null && (await loaded.cancelUpload(this.#context.endpoint, id))
  }

  isCancelled(id: string): boolean {
    return this.#cancelled.has(id)
  }

  /** Whether the picture is known not to be there, and not to come. */
  isGone(id: string): boolean {
    const { isLoaded, isHeldKnown, pictures, held } = this.#replica
    const isKnown = isLoaded && isHeldKnown
    return isKnown && !pictures.has(id) && !held.has(id) && !this.#queue.isAdding(id)
  }

  /** Lets other pages send the files that this one has claimed. */
  release(): void {
    const ids = [...this.#jobs.values()]
      .filter(({ claimedAt }) => claimedAt > 0)
      .map(({ id }) => id)
    tellStore(this.#context.store, (store) => store.release(ids))
  }

  /** Stops; files stay in the store for the next page. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#slowTimer)
    this.#context.slots.close()
    for (const job of this.#jobs.values()) {
      job.state.take('requeued')
      job.halt()
    }
    this.release()
  }

  /** Whether files wait, as commands of more pictures go first. */
  get #isHeld(): boolean {
    return this.#holds > 0 || (this.#queue.isAnnouncing && this.#queue.online)
  }

  /** Returns the uploads that may begin, in their order. */
  #waiting(): UploadJob[] {
    const waiting = [...this.#jobs.values()].filter(
      ({ id, state, isHeld }) =>
        state.current === 'waiting' && !isHeld && !this.#queue.isAdding(id),
    )
    if (waiting.length === 0 || this.#isHeld || this.#isBarred || this.#slowTimer) return []
    const priority = ({ id }: UploadJob) => this.#priority(id)
    return waiting.sort((a, b) => priority(b) - priority(a) || a.yieldCount - b.yieldCount)
  }

  #register({ id, file }: Pick<SavedFile, 'id' | 'file'>, add: ImageAdd | null): UploadJob {
    const job = new UploadJob(id, file, add)
    this.#jobs.set(id, job)
    return job
  }

  /** Holds a short file back until its preview has left, but not for long. A long one waits once it has begun. */
  #awaitPreviews(job: UploadJob, { small, last }: PreviewsLeft): void {
    job.isHeld = job.file.size <= LEADING_FILE_BYTES
    job.thumbnailSent = small
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, PREVIEW_WAIT_MS))
    job.previewDue = Promise.race([last, timeout]).then(() => {
      job.previewDue = null
      if (!job.isHeld) return
      job.isHeld = false
      this.pump()
    })
  }

  async #run(job: UploadJob): Promise<void> {
    job.state.take('started')
    const slot = this.#context.slots.take()
    try {
      // The code that sends is fetched with the first file; without a connection both have to wait.
      const loaded = await loadAttempt().catch(() => null)
      if (!job.isRunning) return
      const outcome = loaded
        ? await loaded.attempt(job, slot, this.#context)
        : endedHere(this.#queue.online ? 'missing-code' : undefined)
      if (job.isRunning) this.#onOutcome(job, outcome)
    } catch (error) {
      // A fault of ours costs one try. A file that stayed `running` would never be sent.
      logFault(error)
      if (job.isRunning) this.#onOutcome(job, endedHere())
    } finally {
      slot[Symbol.dispose]()
      this.review([job.id])
      this.pump()
    }
  }

  #onOutcome(job: UploadJob, outcome: AttemptOutcome): void {
    const { list } = this.#context
    switch (outcome.kind) {
      case 'sent':
        this.#obstacles.delete('between')
        this.#trouble = null
        job.state.take('finished')
        return list.update(job.id, { sent: job.file.size })
      case 'refused':
        return this.#onRefused(job, outcome.why)
      case 'unreadable':
        return this.#onUnreadable(job, outcome.copy)
      case 'yielded':
        job.state.take('requeued')
        return list.update(job.id, { state: 'waiting' })
      case 'broken-off':
        job.state.take('requeued')
        return
      case 'too-large-part':
        job.failures = 0
        job.state.take('requeued')
        this.#onObstacle('small-requests')
        return list.update(job.id, { state: 'waiting' })
      case 'claimed':
        return this.#pause(job, outcome.retryAfterMs)
      case 'failed': {
        const waitMs = Math.max(outcome.retryAfterMs, backoff(job.failures++))
        this.#pause(job, waitMs)
        const { obstacle, trouble } = outcome
        if (trouble?.code === 'too-fast') this.#slowDown(trouble, waitMs)
        else this.#trouble = trouble
        if (obstacle) this.#onObstacle(obstacle)
        list.update(job.id, { state: 'retrying', retryAt: Date.now() + waitMs, obstacle })
      }
    }
  }

  /** Begins no other file until these may come, and says so once. */
  #slowDown(why: Problem, waitMs: number): void {
    if (this.#slowTimer) return
    this.#slowTimer = setTimeout(() => {
      this.#slowTimer = undefined
      this.pump()
    }, waitMs)
    this.#events.emit('notice', why)
  }

  /** Tells of an obstacle, once for as long as it stands. */
  #onObstacle(obstacle: Obstacle): void {
    if (this.#obstacles.has(obstacle)) return
    this.#obstacles.add(obstacle)
    this.#events.emit('obstacle', obstacle)
  }

  /** Goes on with the copy of the file. The server's part is of the same bytes, as what was read was unchanged. */
  #onUnreadable(job: UploadJob, copy: Blob | null): void {
    if (!copy || copy === job.file) {
      const { name } = this.shown.get(job.id)!
      return this.#onRefused(job, new WireError('file-changed', { name }).toJSON())
    }
    job.file = copy
    job.state.take('requeued')
    this.#context.list.update(job.id, { file: copy, state: 'waiting' })
  }

  #onRefused(job: UploadJob, why: Problem): void {
    this.fail(job.id, why)
    this.#events.emit('notice', why)
  }

  /** The picture is gone, and nobody has said why. */
  #onGone(job: UploadJob): void {
    if (!job.add) return this.drop(job.id)
    this.#onRefused(job, new WireError('upload-gone').toJSON())
  }

  #pause(job: UploadJob, waitMs: number): void {
    if (!job.state.take('paused')) return
    job.timer = setTimeout(() => {
      this.#requeue(job)
      this.pump()
    }, waitMs)
  }

  #requeue(job: UploadJob): void {
    clearTimeout(job.timer)
    job.state.take('requeued')
  }

  #showFailed(id: string, error: Problem): void {
    this.#context.list.update(id, { state: 'failed', error })
  }

  #keep(id: string, refused?: SavedFile['refused']): void {
    const { file, name } = this.shown.get(id)!
    const saved = { board: this.#context.endpoint.id, id, file, name, refused }
    const put = async (): Promise<void> => {
      const job = this.#jobs.get(id)
      // Many may have been stored before their turn.
      if (!job) return
      const store = await this.#context.store
      await store.putFile(saved)
      job.isKept = store.isLasting ?? false
    }
    // One after the other, since the database copies every byte. A store without room for a file costs only what
    // a reload would have saved.
    this.#keeping = this.#keeping.then(put).catch(() => {})
    this.#jobs.get(id)!.kept = this.#keeping
  }

  #forget(id: string): void {
    tellStore(this.#context.store, (store) => store.removeFile(id))
  }
}
