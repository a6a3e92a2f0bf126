import {
  type Arrivals,
  type Batch,
  type CommandAnswer,
  type CommandMessage,
  type Cursor,
  type ErrorBody,
  type ErrorCode,
  type FollowAnswer,
  type Presence,
  type PresenceUpdate,
  type SeenBy,
  type SenderReport,
  type ShowRequest,
  type Snapshot,
  WIRE_VERSION,
} from '@wirephoto/board'
import { Manager, type Socket } from 'socket.io-client'
import { backoff } from './backoff.ts'
import type { Problem } from './types.ts'

/*
 * The board's changefeed as it arrives here.
 *
 *               connected                 follow             resumed
 *   opening ──────────────► catching up ─────────► asked ───────────────► live
 *      ▲                        ▲ │ no cursor:       │                     │
 *      │ backoff, or at once    │ │ GET snapshot     │ not resumed:        │ `reload`: forget the cursor
 *      │ when woken             │ └────┘             │ forget the cursor   │ a batch from elsewhere
 *   waiting ◄── any break       └────────────────────┴─────────────────────┘
 *
 *   refused: the server won't have us (`unknown-board`, `old-page`, …); nothing is tried again.
 *
 * A batch is applied in every state if it starts at our cursor, and never otherwise (SPEC.md L11). The first
 * snapshot is fetched while the socket connects.
 */

/** What trying again won't change. */
const FINAL_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad-request',
  'foreign-host',
  'foreign-origin',
  'not-allowed',
  'not-found',
  'old-page',
  'unknown-board',
])
/** Milliseconds without an answer after which the line counts as dead. */
const FEED_SILENCE_MS = 10_000
/** The same for a line that somebody has just come back to. */
const WAKE_PROBE_MS = 3_000

interface FeedOptions {
  readonly url: string
  readonly board: string
  readonly headers: Readonly<Record<string, string>>
  /** Nothing is handed over before. */
  readonly ready: Promise<void>
  readonly snapshot: (snapshot: Snapshot) => void
  readonly batch: (batch: Batch) => void
  /** News of people; `all` who are here, when we begin to follow. */
  readonly present: (present: PresenceUpdate, all: boolean) => void
  readonly arrivals: (arrivals: Arrivals) => void
  readonly preview: (id: string, bytes: ArrayBuffer | Uint8Array<ArrayBuffer>) => void
  readonly people: (count: number) => void
  readonly seen: (seenBy: SeenBy) => void
  readonly shown: (shown: ShowRequest) => void
  /** Something to tell the person. */
  readonly notice: (why: Problem) => void
  /** We follow: commands may be sent. */
  readonly live: (followed: FollowAnswer) => void
  readonly offline: () => void
  readonly refused: (why: Problem) => void
}

export class Feed {
  readonly #options: FeedOptions
  readonly #socket: Socket
  #state: 'opening' | 'catching up' | 'live' | 'waiting' | 'refused' | 'closed' = 'opening'
  #cursor: Cursor | null = null
  #snapshot: { answer: Promise<Snapshot>; stop: AbortController } | null = null
  /** A batch from elsewhere came while we asked: what it has may be missing. */
  #hasGap = false
  /** Counts connections and their ends, so that what belongs to an earlier one is known. */
  #generation = 0
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: FeedOptions) {
    this.#options = options
    const { url, board, headers } = options
    const line = new Manager(url, {
      path: '/live',
      transports: ['websocket'],
      extraHeaders: headers,
      autoConnect: false,
      reconnection: false,
      timeout: FEED_SILENCE_MS,
    })
    this.#socket = line.socket('/', { auth: { board, wire: WIRE_VERSION } })
    this.#socket.on('connect', () => this.#connected())
    this.#socket.on('connect_error', (error: Error & { data?: Problem }) =>
      this.#broken(error.data),
    )
    this.#socket.on('disconnect', () => this.#broken())
    this.#socket.on('bye', (text: string) => this.#bye(JSON.parse(text)))
    this.#socket.on('changes', (text: string) => this.#receive(JSON.parse(text)))
    this.#socket.on('roster', (text: string) => options.present(JSON.parse(text), true))
    this.#socket.on('presence', (text: string) => options.present(JSON.parse(text), false))
    this.#socket.on('arrivals', (text: string) => options.arrivals(JSON.parse(text)))
    this.#socket.on('preview', options.preview)
    this.#socket.on('people', (text: string) => options.people(JSON.parse(text).count))
    this.#socket.on('seen', (text: string) => options.seen(JSON.parse(text)))
    this.#socket.on('show', (text: string) => options.shown(JSON.parse(text)))
    this.#socket.on('notice', (text: string) => options.notice(JSON.parse(text).error))
    this.#socket.on('echo', (answer: () => void) => answer())
    this.#socket.on('reload', () => {
      this.#cursor = null
      if (this.#state === 'live') void this.#resume()
    })
    this.#socket.connect()
    this.#load().catch((error: unknown) => {
      if (isFinal(error)) this.#refuse(error)
    })
    listenToWaking(this.#wake, 'add')
  }

  /** One message of commands. Rejects when the line breaks or stays silent. */
  send(message: CommandMessage): Promise<CommandAnswer | ErrorAnswer> {
    return this.#ask<CommandAnswer>('commands', message)
  }

  /** Shows others what we do; what is soon shown anew may get lost (F12). */
  sendPresence(presence: Presence, isPassing: boolean): void {
    if (!this.#socket.connected) return
    if (isPassing) this.#socket.volatile.emit('presence', presence)
    else this.#socket.emit('presence', presence)
  }

  /** Tells others what only we know of our own uploads. */
  reportUploads(sending: SenderReport): void {
    if (this.#state === 'live') this.#socket.emit('sending', sending)
  }

  /** Tells their senders that these are on our screen. */
  reportSeen(ids: readonly string[]): void {
    if (this.#state === 'live') this.#socket.emit('seen', { ids })
  }

  /** Has every screen show a picture. False when there is no line. */
  showOnScreens(shown: ShowRequest): boolean {
    if (this.#state !== 'live') return false
    this.#socket.emit('show', shown)
    return true
  }

  close(): void {
    listenToWaking(this.#wake, 'remove')
    this.#end('closed')
  }

  #connected(): void {
    this.#generation++
    this.#state = 'catching up'
    void this.#resume()
  }

  /** Follows from our cursor on; without one, or when it can't be followed, from a new snapshot. */
  async #resume(patience = FEED_SILENCE_MS): Promise<void> {
    const line = this.#generation
    this.#state = 'catching up'
    try {
      for (let tries = 0; ; tries++) {
        if (tries > 1) await new Promise((resolve) => setTimeout(resolve, backoff(tries)))
        if (line !== this.#generation) return
        const cursor = this.#cursor ?? (await this.#load())
        if (line !== this.#generation) return
        this.#hasGap = false
        const answer = await this.#ask<FollowAnswer>('follow', { cursor }, patience)
        if (line !== this.#generation) return
        if ('error' in answer) return this.#broken(answer.error)
        if (!answer.resumed) this.#cursor = null
        else if (this.#cursor && !this.#hasGap) return this.#live(answer)
      }
    } catch (error) {
      if (line === this.#generation) this.#broken(isProblem(error) ? error : undefined)
    }
  }

  #live(followed: FollowAnswer): void {
    this.#state = 'live'
    this.#failures = 0
    this.#options.live(followed)
  }

  #receive(batch: Batch): void {
    if (batch.from === this.#cursor) {
      this.#cursor = batch.to
      this.#options.batch(batch)
    } else if (batch.to === this.#cursor) return
    else if (this.#state === 'live') void this.#resume()
    else this.#hasGap = true
  }

  /** The snapshot, handed over, and its cursor. */
  async #load(): Promise<Cursor> {
    this.#snapshot ??= this.#fetch()
    const { answer } = this.#snapshot
    const snapshot = await answer
    await this.#options.ready
    // Of several that have waited for the same one, the first takes it.
    if (this.#snapshot?.answer === answer && this.#state !== 'closed') {
      this.#snapshot = null
      this.#cursor = snapshot.cursor
      this.#options.snapshot(snapshot)
    }
    return snapshot.cursor
  }

  #fetch() {
    const { url, board, headers } = this.#options
    const stop = new AbortController()
    const get = async (): Promise<Snapshot> => {
      const response = await fetch(`${url}/api/boards/${board}/snapshot`, {
        headers,
        cache: 'no-cache',
        signal: stop.signal,
      })
      const body: Snapshot | ErrorBody = await response.json()
      if ('error' in body) throw body.error
      return body
    }
    const answer = get().catch((error: unknown) => {
      this.#snapshot = null
      throw error
    })
    return { answer, stop }
  }

  async #ask<T>(
    event: string,
    body: unknown,
    patience = FEED_SILENCE_MS,
  ): Promise<T | ErrorAnswer> {
    if (!this.#socket.connected) throw new Error('offline')
    const line = this.#generation
    try {
      return await this.#socket.timeout(patience).emitWithAck(event, body)
    } catch (error) {
      if (line === this.#generation) this.#broken()
      throw error
    }
  }

  #bye({ error }: ErrorAnswer): void {
    if (FINAL_CODES.has(error.code)) this.#refuse(error)
  }

  /** Anything that went wrong: begin again, unless that is of no use. */
  #broken(why?: Problem): void {
    if (this.#state === 'refused' || this.#state === 'closed') return
    if (why && FINAL_CODES.has(why.code)) return this.#refuse(why)
    if (this.#state === 'waiting') return
    this.#end('waiting')
    this.#timer = setTimeout(() => this.#open(), backoff(this.#failures++))
    this.#options.offline()
  }

  #refuse(why: Problem): void {
    if (this.#state === 'refused' || this.#state === 'closed') return
    this.#end('refused')
    this.#options.refused(why)
  }

  #end(state: 'waiting' | 'refused' | 'closed'): void {
    // A snapshot on its way is of use if the socket alone failed to open.
    if (this.#state !== 'opening' || state !== 'waiting') {
      this.#snapshot?.stop.abort()
      this.#snapshot = null
    }
    this.#state = state
    this.#generation++
    clearTimeout(this.#timer)
    this.#socket.disconnect()
  }

  #open(): void {
    clearTimeout(this.#timer)
    this.#state = 'opening'
    this.#socket.connect()
  }

  /** Somebody is back at the page, or the network is: don't wait, and don't trust an old line. */
  readonly #wake = ({ type }: Event): void => {
    if (type === 'visibilitychange' && document.visibilityState === 'hidden') return
    if (this.#state === 'waiting') {
      this.#failures = 0
      this.#open()
    } else if (this.#state === 'live') void this.#resume(WAKE_PROBE_MS)
  }
}

interface ErrorAnswer {
  readonly error: Problem & { readonly expected?: number }
}

const isProblem = (error: unknown): error is Problem =>
  typeof error === 'object' && error !== null && 'code' in error && 'message' in error

const isFinal = (error: unknown): error is Problem =>
  isProblem(error) && FINAL_CODES.has(error.code)

/** Browsers only. */
function listenToWaking(wake: (event: Event) => void, verb: 'add' | 'remove'): void {
  if (typeof window === 'undefined') return
  window[`${verb}EventListener`]('online', wake)
  window[`${verb}EventListener`]('pageshow', wake)
  document[`${verb}EventListener`]('visibilitychange', wake)
}
