import type { Arrival } from './arrivals.ts'
import type { Emitter } from './events.ts'
import { inBackground } from './in-background.ts'
import { LeadingParts } from './leading-parts.ts'
import { PartSizes } from './part-sizes.ts'
import { ProgressWatch } from './progress-watch.ts'
import type { Store } from './store.ts'
import { transfer } from './transfer.ts'
import type { BoardEvents, Obstacle, Problem } from './types.ts'
import type { UploadJob } from './upload-job.ts'
import type { UploadList } from './upload-list.ts'
import type { UploadSlot, UploadSlots } from './upload-slots.ts'
import { type BoardEndpoint, uploadsUrl } from './urls.ts'

/** Time for which a page keeps others from sending the same file, and between its renewals. */
const CLAIM_MS = 4_000
const CLAIM_RENEWAL_MS = 1_000
/** Age of a claim up to which no request waits for its renewal: the store may be busy with a copy of the file. */
const CLAIM_FRESH_MS = 2_500
/** Time between two reports of progress. */
const PROGRESS_INTERVAL_MS = 100
/** An upload with more left lets shorter ones go first. */
const LONG_REST_BYTES = 2 ** 24
/** The longest time without progress that a request has on a live board. */
const REQUEST_PATIENCE_MAX_MS = 120_000
/** Time that a server has to answer before a picture that is given up is trashed instead. */
const CANCEL_TIMEOUT_MS = 10_000
/** The longest time that bytes wait for commands. */
const COMMANDS_WAIT_MS = 1_000

/** The commands, which go before bytes. */
export interface CommandsBefore {
  /** Resolves when no command is unanswered. */
  whenSent(): Promise<void>
  /** Whether they can be sent. */
  readonly online: boolean
}

/** Progress as the server tells it. */
export interface ServerProgress {
  get(id: string): Arrival | null
}

export interface UploadContext {
  readonly endpoint: BoardEndpoint
  readonly store: Promise<Store>
  /** The id under which this page claims files. */
  readonly page: string
  readonly queue: CommandsBefore
  readonly arrivals: ServerProgress
  readonly list: UploadList
  readonly slots: UploadSlots
  /** The first file makes it, as its code is loaded then. */
  partSizes: PartSizes | undefined
  /** Returns the uploads that a free slot would go to, instead of to this one. */
  readonly waitingBefore: (job: UploadJob) => readonly UploadJob[]
  readonly events: Emitter<BoardEvents>
}

export type AttemptOutcome =
  | { readonly kind: 'sent' }
  /** The server will never take the file. */
  | { readonly kind: 'refused'; readonly why: Problem }
  /** Another try may succeed, but not before the server wants it. */
  | {
      readonly kind: 'failed'
      readonly retryAfterMs: number
      readonly obstacle: Obstacle | undefined
      /** Why the server took nothing, as it says itself. */
      readonly trouble: Problem | null
    }
  /** Smaller parts may get through, at once. */
  | { readonly kind: 'too-large-part' }
  /** The file changed or went on disk; `copy` is the one in the store, if it can be read. */
  | { readonly kind: 'unreadable'; readonly copy: Blob | null }
  /** Another page has this file. */
  | { readonly kind: 'claimed'; readonly retryAfterMs: number }
  /** Another page sends: this file, or its own ones while this page has too many under way; or a shorter file waits. */
  | { readonly kind: 'yielded' }
  /** Its connection is dead, or as good as that: it goes on over another one, at once. */
  | { readonly kind: 'broken-off' }

/** Ends an upload that is given up. Resolves with true when the server has removed its picture. */
export async function cancelUpload(endpoint: BoardEndpoint, id: string): Promise<boolean> {
  const response = await fetch(`${uploadsUrl(endpoint)}/${id}`, {
    method: 'DELETE',
    headers: { ...endpoint.headers, 'tus-resumable': '1.0.0' },
    signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS),
  }).catch(() => null)
  // Any other answer may come from something between, and then nothing is removed.
  return response !== null && (response.status === 204 || response.status === 410)
}

/** Tries once to send a file. The outcome means nothing if the job has ended meanwhile. */
export async function attempt(
  job: UploadJob,
  slot: UploadSlot,
  context: UploadContext,
): Promise<AttemptOutcome> {
  const renewal = setInterval(() => inBackground(claim(job, context)), CLAIM_RENEWAL_MS)
  job.claimedAt = 0
  try {
    if (!(await claim(job, context))) return { kind: 'claimed', retryAfterMs: CLAIM_RENEWAL_MS }
    if (job.isRunning) context.list.update(job.id, { state: 'sending' })
    return await send(job, slot, context)
  } finally {
    clearInterval(renewal)
    job.stop = undefined
  }
}

async function send(
  job: UploadJob,
  slot: UploadSlot,
  context: UploadContext,
): Promise<AttemptOutcome> {
  const { id, file, isBegun } = job
  const { endpoint, queue, arrivals, list, slots, events } = context
  context.partSizes ??= new PartSizes()
  const { partSizes } = context
  const leading = new LeadingParts(job, partSizes)
  if (!job.isRunning) return { kind: 'yielded' }
  job.isBegun = true
  let hasYielded = false
  let isBrokenOff = false
  const watch = new ProgressWatch({
    total: file.size,
    receivedBytes: () => arrivals.get(id)?.sent,
    isOnline: () => queue.online,
    patienceMs: job.patienceMs,
    breakOff: (wasLive) => {
      // Something on the way may keep parts back for longer than that.
      if (wasLive) job.patienceMs = Math.min(REQUEST_PATIENCE_MAX_MS, job.patienceMs * 2)
      isBrokenOff = true
      breakOff()
    },
  })
  const { outcome, stop, breakOff } = transfer({
    id,
    file,
    endpoint: uploadsUrl(endpoint),
    headers: endpoint.headers,
    isBegun,
    url: job.url,
    onUrl: (url) => {
      job.url = url
    },
    partSizes,
    nextBytes: (after) => leading.nextBytes(after),
    beforeRequest: async (method) => {
      // Drags and deletes go before bytes. Only its own preview holds a file up (A25).
      await leading.whenNext()
      const timeout = new Promise<void>((resolve) => setTimeout(resolve, COMMANDS_WAIT_MS))
      await Promise.race([queue.whenSent(), timeout])
      // This page may have slept, and another one have taken the file over.
      hasYielded =
        method === 'PATCH' &&
        (slots.isOverfull || givesWay(job, context) || !(await isClaimed(job, context)))
      if (hasYielded) throw new Error('Others send')
      watch.onRequest()
    },
    onAnswer: () => watch.onAnswer(),
    onProgress: (sent) => {
      watch.onProgress()
      if (sent === file.size) slot.markSent()
      const now = Date.now()
      if (!job.isRunning || now - job.progressAt < PROGRESS_INTERVAL_MS) return
      job.progressAt = now
      // Timers of a hidden page are slow.
      inBackground(claim(job, context))
      list.update(id, { sent })
    },
    onOffset: (offset) => {
      if (offset === job.acknowledged) return
      job.acknowledged = offset
      job.failures = 0
      partSizes.onAnswered()
    },
    isOnline: () => queue.online,
    // The feed may have ended the upload already, since the picture is stored before the answer.
    onNotices: (notices) => events.emit('kept', { id, notices }),
  })
  job.stop = stop
  job.onLive = (isSlow) => watch.onLive(isSlow)
  const failure = await outcome.finally(() => watch.close())
  job.onLive = undefined
  if (isBrokenOff) return { kind: 'broken-off' }
  if (hasYielded) return { kind: 'yielded' }
  if (!failure) return { kind: 'sent' }
  const { isAnswered, isFromBetween, isPartTooLarge, refusal, trouble, retryAfterMs } = failure
  if (refusal) return { kind: 'refused', why: refusal }
  if (isPartTooLarge) return { kind: 'too-large-part' }
  // The file may have been deleted or changed on disk: then no try will send it.
  if (!isAnswered && !(await isReadable(file)))
    return { kind: 'unreadable', copy: await copyOf(job, context) }
  const obstacle = isFromBetween ? 'between' : undefined
  return { kind: 'failed', retryAfterMs, obstacle, trouble }
}

/** Whether a long upload lets a shorter one have its slot. */
function givesWay(job: UploadJob, { waitingBefore }: UploadContext): boolean {
  const { bytesLeft } = job
  if (
    bytesLeft <= LONG_REST_BYTES ||
    !waitingBefore(job).some((next) => next.bytesLeft < bytesLeft)
  )
    return false
  job.yieldCount++
  return true
}

/** Whether the file is this page's. */
const isClaimed = async (job: UploadJob, context: UploadContext): Promise<boolean> =>
  Date.now() - job.claimedAt < CLAIM_FRESH_MS || claim(job, context)

/** Claims the file for this page. Resolves with false if another page has it. */
async function claim(job: UploadJob, { store, page }: UploadContext): Promise<boolean> {
  const now = Date.now()
  if (now - job.claimedAt < CLAIM_RENEWAL_MS / 2) return true
  job.claimedAt = now
  const isOurs = await store
    .then((opened) => opened.claim(job.id, page, now + CLAIM_MS))
    .catch(() => true)
  if (!isOurs) job.claimedAt = 0
  return isOurs
}

/** Returns the copy of a file that the store made of it when it was added; null if there is none. */
async function copyOf({ id, file, kept }: UploadJob, context: UploadContext): Promise<Blob | null> {
  await kept
  const saved = await context.store
    .then((store) => store.files(context.endpoint.id))
    .catch(() => [])
  const copy = saved.find((each) => each.id === id)?.file
  return copy && copy.size === file.size && (await isReadable(copy)) ? copy : null
}

const isReadable = (file: Blob): Promise<boolean> =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    )
