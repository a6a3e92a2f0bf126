import { type Batch, type Cursor, coalesce } from '@wirephoto/board'
import { encodeBatch } from '../boards/encoded-batch.ts'
import { type EncodedEvent, encodeText } from './encoded-event.ts'

/** Time between two bursts while changes, or previews, keep coming: 30 a second. */
const BURST_INTERVAL_MS = 33
/** Bytes that wait for no tick. Larger bursts would save nothing more, and fill a viewer's backlog (W4). */
const FULL_BURST_BYTES = 128 * 1024

/** Transient state by key, of which each entry replaces the one before it (F12). */
export type LatestByKey = Readonly<Record<string, unknown>>

/** An event of a burst, and what a viewer does without room for it. */
export interface BroadcastEvent extends EncodedEvent {
  /** Where a viewer stands that has the event: without room for it, the viewer is behind. */
  readonly cursor?: Cursor
  /** State that waits until there is room. An event with neither is dropped. */
  readonly entries?: LatestByKey
}

/** Events that go to each viewer of a room in one write. */
export interface Burst {
  readonly events: readonly BroadcastEvent[]
  /** The frames of all events. */
  readonly frames: Buffer
  /** Where a viewer stands that has all of it; undefined if there is no change in it. */
  readonly cursor: Cursor | undefined
}

/** Makes a burst of one event, or of several. */
export function burstOf(events: readonly BroadcastEvent[]): Burst {
  const [first] = events
  return {
    events,
    frames: events.length === 1 ? first!.frames : Buffer.concat(events.map(({ frames }) => frames)),
    cursor: events.find(({ cursor }) => cursor !== undefined)?.cursor,
  }
}

/** The streams that share bursts. Each has its own pace, so that neither delays the other's first event. */
type Stream = 'changes' | 'previews'

/**
 * Gathers what a room sends to everybody. The first event after a pause goes at once. Those that follow share
 * one write a viewer and tick, since a write costs a viewer more than its bytes (S3, S4).
 */
export class Broadcast {
  readonly #send: (burst: Burst) => void
  #batches: Batch[] = []
  #events: BroadcastEvent[] = []
  #waitingBytes = 0
  readonly #sentAt: Record<Stream, number> = { changes: 0, previews: 0 }
  #timer: NodeJS.Timeout | undefined
  #dueAt = Number.POSITIVE_INFINITY

  /** Calls `send` with each burst. */
  constructor(send: (burst: Burst) => void) {
    this.#send = send
  }

  /** Adds changes. Those of one burst are coalesced, and come before its other events. */
  addChanges(batch: Batch): void {
    // No preview comes after the end of its picture.
    if (this.#events.length > 0 && batch.changes.some((change) => 'gone' in change)) this.flush()
    this.#batches.push(batch)
    this.#schedule('changes')
  }

  /** Adds a preview, which a viewer without room does without (F12). */
  addPreview(preview: EncodedEvent): void {
    this.#add(preview)
    if (this.#waitingBytes >= FULL_BURST_BYTES) this.flush()
    else this.#schedule('previews')
  }

  /** Adds transient state. Its source keeps its own pace, so it waits only to share a burst that is due. */
  addLatest(encoded: EncodedEvent, entries: LatestByKey): void {
    this.#add({ ...encoded, entries })
    if (!this.#timer) this.flush()
  }

  /** Sends everything that waits. */
  flush(): void {
    this.#stop()
    const [first, ...rest] = this.#batches
    const now = performance.now()
    const hasPreviews = this.#events.some(({ entries }) => !entries)
    if (first) this.#sentAt.changes = now
    if (hasPreviews) this.#sentAt.previews = now
    const changes = first ? [encodeChanges(coalesce([first, ...rest]))] : []
    const events = [...changes, ...this.#events]
    this.#forget()
    if (events.length > 0) this.#send(burstOf(events))
  }

  /** Forgets what waits. */
  clear(): void {
    this.#stop()
    this.#forget()
  }

  #add(event: BroadcastEvent): void {
    this.#events.push(event)
    this.#waitingBytes += event.frames.length
  }

  #forget(): void {
    this.#batches = []
    this.#events = []
    this.#waitingBytes = 0
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  #schedule(stream: Stream): void {
    const dueAt = this.#sentAt[stream] + BURST_INTERVAL_MS
    if (dueAt >= this.#dueAt) return
    const wait = dueAt - performance.now()
    if (wait <= 0) return this.flush()
    clearTimeout(this.#timer)
    this.#dueAt = dueAt
    this.#timer = setTimeout(() => this.flush(), wait)
  }
}

function encodeChanges(batch: Batch): BroadcastEvent {
  return { ...encodeText('changes', encodeBatch(batch).text), cursor: batch.to }
}
