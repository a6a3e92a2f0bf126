import {
  type Arrivals,
  type Batch,
  type Cursor,
  coalesce,
  limits,
  type PresenceUpdate,
} from '@wirephoto/board'
import { encodeBatch } from '../boards/encoded-batch.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import { OWN_PARTY } from '../fairness/party.ts'
import { type BroadcastEvent, type Burst, burstOf, type LatestByKey } from './broadcast.ts'
import type { EncodedEvent } from './encoded-event.ts'
import type { SocketWriter } from './socket-writer.ts'

/** Bytes that may wait for one viewer before it counts as behind: half of what F6 allows. */
export const VIEWER_BACKLOG_BYTES = 512 * 1024
/** Bytes that may wait for one viewer, a live frame included (F6). */
const VIEWER_BYTES = 2 * VIEWER_BACKLOG_BYTES
/** Backlog below which a viewer counts as drained. */
const DRAINED_BACKLOG_BYTES = 64 * 1024
/** Bytes for which every drained viewer has room. */
const ROOM_BYTES = VIEWER_BACKLOG_BYTES - DRAINED_BACKLOG_BYTES
/** Entries that may wait for one viewer, an event, before it is cut off. They are no copies. */
const WAITING_ENTRIES_COUNT = limits.recordsPerBoard
/** Entries of one message: some 25 KB. */
const ENTRIES_PER_MESSAGE_COUNT = 200
const BEHIND_TIMEOUT_MS = 30_000

/** The room as an outbox sees it. */
export interface OutboxRoom {
  /** The presence that a viewer is shown when it begins to follow. */
  readonly roster: PresenceUpdate
  /** The pictures on their way in. */
  readonly arrivals: Arrivals
  /** Broadcasts the changes that wait, so that all who follow stand at the board's cursor. */
  flush(): void
}

/** The board as an outbox sees it. */
type OutboxBoard = Pick<LiveBoard, 'recentChanges' | 'changesSince'>

type State = 'idle' | 'following' | 'behind' | 'closed'
type Exit = 'resumed' | 'outdated' | 'overflowed' | 'closed'

/**
 * The exits of each state. A viewer is *idle* until it follows, or when it must take a snapshot. It is
 * *behind* when it doesn't drain: then the broadcasts pass it by.
 *
 *     idle --resumed--> following --overflowed--> behind --resumed--> following
 *                                                  `-- BEHIND_TIMEOUT_MS --> closed (it resumes by its cursor)
 */
const EXITS: Record<State, Record<Exit, State>> = {
  idle: { resumed: 'following', outdated: 'idle', overflowed: 'idle', closed: 'closed' },
  following: { resumed: 'following', outdated: 'idle', overflowed: 'behind', closed: 'closed' },
  behind: { resumed: 'following', outdated: 'idle', overflowed: 'behind', closed: 'closed' },
  closed: { resumed: 'closed', outdated: 'closed', overflowed: 'closed', closed: 'closed' },
}

/**
 * The events that wait for one session, bounded in bytes (F6). A viewer that can't keep up leaves the
 * broadcast. When its socket has drained, it gets the newest state of everything that changed since.
 */
export class Outbox {
  readonly #writer: SocketWriter
  readonly #room: OutboxRoom
  readonly #board: OutboxBoard
  readonly #cutOff: (reason: string) => void
  #state: State = 'idle'
  #party = OWN_PARTY
  /** Where the viewer stands when everything sent to it has arrived. */
  #cursor: Cursor | null = null
  /** Entries that found no room on the socket, by event and key. */
  readonly #waiting = new Map<string, Map<string, unknown>>()
  /** The latest frames that found no room, by tile. All viewers share their bytes. */
  readonly #frames = new Map<string, EncodedEvent>()
  #behindTimer: NodeJS.Timeout | undefined

  /** Calls `cutOff` when the viewer can't be served any longer. */
  constructor(
    writer: SocketWriter,
    room: OutboxRoom,
    board: OutboxBoard,
    cutOff: (reason: string) => void,
  ) {
    this.#writer = writer
    this.#room = room
    this.#board = board
    this.#cutOff = cutOff
  }

  /** Sends the changes since a cursor and follows from there. False if the viewer must take a snapshot (F2). */
  async follow(cursor: Cursor, party = OWN_PARTY): Promise<boolean> {
    this.#party = party
    if (!this.#resume(await this.#board.changesSince(cursor, party))) return false
    this.#waiting.clear()
    this.#writer.emit('roster', JSON.stringify(this.#room.roster))
    this.#keepLatest('arrivals', this.#room.arrivals)
    if (this.#waiting.get('arrivals')?.size === 0) this.#writer.emit('arrivals', '{}')
    this.#sendWaiting()
    return true
  }

  /** Sends a burst: in one write, if the viewer has room for all of it. */
  send(burst: Burst): void {
    const { events, frames, cursor } = burst
    if (this.#state !== 'following' && this.#state !== 'behind') return
    // An older entry that waits must not come after these.
    if (this.#waiting.size === 0 && this.#isDrained('following') && frames.length <= ROOM_BYTES) {
      if (cursor) this.#cursor = cursor
      return this.#writer.write(burst)
    }
    for (const event of events) this.#sendAlone(event)
  }

  /** Sends an event of a burst for which there may be no room. */
  #sendAlone(event: BroadcastEvent): void {
    const { event: name, frames, cursor, entries } = event
    if (entries) {
      // Later entries replace those that wait (F12).
      this.#keepLatest(name, entries)
      return this.#sendWaiting()
    }
    if (this.#state !== 'following') return
    const { backlogBytes, liveBytes } = this.#writer
    const hasRoom =
      backlogBytes - liveBytes + frames.length <= VIEWER_BACKLOG_BYTES &&
      backlogBytes + frames.length <= VIEWER_BYTES
    if (hasRoom) {
      if (cursor) this.#cursor = cursor
      this.#writer.write(burstOf([event]))
    } else if (cursor) this.#exit('overflowed')
  }

  /** Sends a live frame when nothing waits before it. Until then a later one of the same tile takes its place (F12). */
  sendFrame(tile: string, frame: EncodedEvent): void {
    if (this.#state !== 'following' && this.#state !== 'behind') return
    // It keeps the turn of the frame before it.
    this.#frames.set(tile, frame)
    this.#sendFrames()
  }

  #sendFrames(): void {
    for (const [tile, frame] of this.#frames) {
      if (!this.#isDrained('following') || !this.#hasRoomFor(frame)) return
      this.#frames.delete(tile)
      this.#writer.writeFrame(frame)
    }
  }

  /** Whether a frame fits in beside the rest. A large one goes alone, so that a viewer costs 1 MiB at most (F6). */
  #hasRoomFor({ frames }: EncodedEvent): boolean {
    const { backlogBytes } = this.#writer
    return backlogBytes === 0 || backlogBytes + frames.length <= VIEWER_BACKLOG_BYTES
  }

  /** Tells a viewer that the board has another history: it must take a snapshot. */
  requireSnapshot(): void {
    if (this.#state !== 'following' && this.#state !== 'behind') return
    this.#exit('outdated')
    this.#writer.emit('reload')
  }

  /** Continues to serve the viewer, since bytes have left for the kernel. */
  drained(): void {
    if (this.#state === 'behind')
      setImmediate(() => {
        this.#rejoin().catch(() => this.#cutOff("can't be caught up"))
      })
    else if (this.#waiting.size > 0) this.#sendWaiting()
    this.#sendFrames()
  }

  close(): void {
    this.#exit('closed')
  }

  #exit(exit: Exit): void {
    const before = this.#state
    this.#state = EXITS[before][exit]
    if (this.#state === before) return
    clearTimeout(this.#behindTimer)
    if (this.#state === 'closed') this.#frames.clear()
    if (this.#state !== 'behind') return
    this.#behindTimer = setTimeout(() => {
      this.#cutOff(`behind for ${BEHIND_TIMEOUT_MS / 1000} s`)
    }, BEHIND_TIMEOUT_MS)
  }

  /** Sends the changes up to the board's cursor. False if they are unknown, or too many. */
  #resume(changes: Batch | null): boolean {
    this.#exit('outdated')
    this.#room.flush()
    const rest = changes && this.#board.recentChanges(changes.to)
    if (!rest || this.#state === 'closed') return false
    const { batch, text, bytes } = encodeBatch(coalesce([changes, rest]))
    if (this.#writer.backlogBytes + bytes > VIEWER_BACKLOG_BYTES) return false
    if (batch.changes.length > 0) this.#writer.emit('changes', text, bytes)
    this.#exit('resumed')
    this.#cursor = batch.to
    return true
  }

  async #rejoin(): Promise<void> {
    if (!this.#isDrained('behind') || !this.#cursor) return
    const changes = await this.#board.changesSince(this.#cursor, this.#party).catch(() => null)
    if (this.#state !== 'behind') return
    if (!this.#resume(changes)) return this.#writer.emit('reload')
    this.#sendWaiting()
    this.#sendFrames()
  }

  #keepLatest(event: string, entries: LatestByKey): void {
    const waiting = this.#waiting.get(event) ?? new Map<string, unknown>()
    this.#waiting.set(event, waiting)
    for (const [key, state] of Object.entries(entries)) waiting.set(key, state)
    if (waiting.size > WAITING_ENTRIES_COUNT) this.#cutOff('too much is new')
  }

  #sendWaiting(): void {
    if (!this.#isDrained('following')) return
    for (const [event, entries] of this.#waiting) {
      for (;;) {
        const page = entries.entries().take(ENTRIES_PER_MESSAGE_COUNT).toArray()
        if (page.length === 0) break
        // The rest follows when these have left.
        if (!this.#isDrained('following')) return
        this.#writer.emit(event, JSON.stringify(Object.fromEntries(page)))
        for (const [key] of page) entries.delete(key)
      }
      this.#waiting.delete(event)
    }
  }

  #isDrained(state: State): boolean {
    return this.#state === state && this.#writer.backlogBytes <= DRAINED_BACKLOG_BYTES
  }
}
