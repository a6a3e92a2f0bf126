import {
  type Batch,
  type CommandAnswer,
  type CommandMessage,
  type Cursor,
  type ErrorCode,
  type FollowAnswer,
  type Presence as PresenceState,
  problemIn,
  type SenderReport,
  type ShowRequest,
  type Snapshot,
  WIRE_VERSION,
} from '@wirephoto/board'
import { Manager, type Socket } from 'socket.io-client'
import type { Arrivals } from './arrivals.ts'
import { backoff } from './backoff.ts'
import { Emitter } from './events.ts'
import type { Presence } from './presence.ts'
import type { Replica } from './replica.ts'
import type { SeenReceipts } from './seen-by.ts'
import { StateMachine, type StateTable } from './state-machine.ts'
import type { ErrorAnswer, Problem } from './types.ts'
import { type BoardEndpoint, snapshotUrl } from './urls.ts'

/*
 * The board's changefeed as it arrives here.
 *
 *             connected              followed
 *   opening ────────────► resuming ────────────► live
 *    ▲   │                 │    ▲                │  │
 *    │   │ lost       lost │    └─ behind, woken ┘  │ lost
 *    │   ▼                 ▼                        │
 *    │  waiting ◄──────────┴────────────────────────┘
 *    └───┘ woken
 *
 *   Each of these four: refused by the server (`unknown-board`, `old-page`, …) ─► refused: no further try.
 *   Every state: close() ─► closed.
 *
 * `resuming` asks the server to follow from our cursor on. Without a cursor, or when the server can't follow
 * from it, a new snapshot comes first. A batch is applied in every state if it starts at our cursor, and
 * never otherwise (SPEC.md L11). The first snapshot is fetched while the socket connects.
 */
type FeedState = 'opening' | 'resuming' | 'live' | 'waiting' | 'refused' | 'closed'

export const FEED_EXITS = [
  'connected',
  'followed',
  'behind',
  'woken',
  'lost',
  'refused',
  'closed',
] as const
const _ = null
// biome-ignore format: a table
export const FEED_STATES: StateTable<FeedState, typeof FEED_EXITS> = {
  //          connected   followed behind      woken       lost       refused    closed
  opening:  ['resuming',  _,       _,          _,          'waiting', 'refused', 'closed'],
  resuming: [_,           'live',  _,          _,          'waiting', 'refused', 'closed'],
  live:     [_,           _,       'resuming', 'resuming', 'waiting', 'refused', 'closed'],
  waiting:  [_,           _,       _,          'opening',  _,         'refused', 'closed'],
  refused:  [_,           _,       _,          _,          _,         _,         'closed'],
  closed:   [_,           _,       _,          _,          _,         _,         _       ],
}

/** Errors that another try won't change. */
const FINAL_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'bad-request',
  'foreign-host',
  'foreign-origin',
  'not-allowed',
  'not-found',
  'old-page',
  'unknown-board',
])
/** Time without an answer after which the connection counts as dead. */
const FEED_SILENCE_MS = 10_000
/** The same for a connection that somebody has just come back to. */
const WAKE_PROBE_MS = 3_000

export interface FeedEvents {
  /** The whole board; batches follow from its cursor on. */
  snapshot: Snapshot
  show: ShowRequest
  /** Something to tell the person. */
  notice: Problem
  /** The feed follows the board; commands may be sent. */
  live: FollowAnswer
  /** With the reason, if the server gave one. */
  offline: Problem | null
  refused: Problem
}

/** The parts of the board that the server's messages are for. */
export interface FeedReceivers {
  readonly replica: Replica
  readonly presence: Presence
  readonly arrivals: Arrivals
  readonly seenReceipts: SeenReceipts
}

type PreviewBytes = ArrayBuffer | Uint8Array<ArrayBuffer>

/** The one connection to the server: follows the board, and carries all that this page sends. */
export class Feed extends Emitter<FeedEvents> {
  readonly #endpoint: BoardEndpoint
  readonly #socket: Socket
  readonly #state = new StateMachine(FEED_EXITS, FEED_STATES, 'opening')
  /** The server's answer on this connection; null until it follows, and from its loss on. */
  #followed: FollowAnswer | null = null
  #cursor: Cursor | null = null
  #snapshot: { answer: Promise<Snapshot>; stop: AbortController } | null = null
  /** Settles before the first snapshot is handed over. */
  #ready: Promise<void> = Promise.resolve()
  /** A batch that doesn't start at our cursor came while we asked to follow. */
  #isBehind = false
  /** Grows with each connection and each end, to recognise answers that belong to an earlier connection. */
  #generation = 0
  #failures = 0
  #serverBuild: string | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(endpoint: BoardEndpoint) {
    super()
    this.#endpoint = endpoint
    const { url, id, headers } = endpoint
    const manager = new Manager(url, {
      path: '/live',
      transports: ['websocket'],
      extraHeaders: headers,
      autoConnect: false,
      reconnection: false,
      timeout: FEED_SILENCE_MS,
    })
    this.#socket = manager.socket('/', { auth: { board: id, wire: WIRE_VERSION } })
    this.#socket.on('connect', () => this.#onConnect())
    this.#socket.on('connect_error', (error: Error & { data?: Problem }) =>
      this.#onLost(error.data),
    )
    this.#socket.on('disconnect', () => this.#onLost())
    this.#socket.on('bye', (text: string) => this.#onBye(JSON.parse(text)))
    this.#socket.on('reload', () => this.#onReload())
    this.#socket.on('echo', (answer: () => void) => answer())
    this.#socket.on('notice', (text: string) => this.emit('notice', JSON.parse(text).error))
    this.#socket.on('build', (build: string) => {
      this.#serverBuild = build
    })
    this.#socket.on('show', (text: string) => this.emit('show', JSON.parse(text)))
  }

  /** Connects, and calls the receivers from then on. The first snapshot waits until `ready` has resolved. */
  open(ready: Promise<void>, receivers: FeedReceivers): void {
    this.#ready = ready
    this.#deliverTo(receivers)
    this.#socket.connect()
    this.#load().catch((error: unknown) => {
      if (isFinal(error)) this.#refuse(error)
    })
    listenToWaking(this.#onWake, 'add')
  }

  close(): void {
    listenToWaking(this.#onWake, 'remove')
    this.#state.take('closed')
    this.#disconnect()
  }

  /** Sends one message of commands. Rejects when the connection breaks or stays silent. */
  send(message: CommandMessage): Promise<CommandAnswer | ErrorAnswer> {
    return this.#ask<CommandAnswer>('commands', message)
  }

  /** Shows others what we do. A transient state may be lost, as another one follows soon (F12). */
  sendPresence(presence: PresenceState, isTransient: boolean): void {
    if (!this.#socket.connected) return
    if (isTransient) this.#socket.volatile.emit('presence', presence)
    else this.#socket.emit('presence', presence)
  }

  /** Tells others what only we know of our own uploads. */
  reportUploads(sending: SenderReport): void {
    if (this.#isLive) this.#socket.emit('sending', sending)
  }

  /** Tells the senders of these pictures that they are on our screen. */
  reportSeen(ids: readonly string[]): void {
    if (this.#isLive) this.#socket.emit('seen', { ids })
  }

  /** Makes every screen (`/b/<board>/show`) show a picture. Returns false when there is no connection. */
  showOnScreens(shown: ShowRequest): boolean {
    if (this.#isLive) this.#socket.emit('show', shown)
    return this.#isLive
  }

  /** The build of the page that the server serves; null before it has said so. */
  get serverBuild(): string | null {
    return this.#serverBuild
  }

  get #isLive(): boolean {
    return this.#state.current === 'live'
  }

  /** Gives each message of the server to the part that it is for. */
  #deliverTo(receivers: FeedReceivers): void {
    const { presence, arrivals, seenReceipts } = receivers
    const socket = this.#socket
    socket.on('changes', (text: string) => this.#onChanges(JSON.parse(text), receivers))
    socket.on('roster', (text: string) =>
      presence.receive(JSON.parse(text), this.#ownSession, true),
    )
    socket.on('presence', (text: string) => presence.receive(JSON.parse(text), this.#ownSession))
    socket.on('people', (text: string) => presence.count(JSON.parse(text).count))
    socket.on('arrivals', (text: string) => arrivals.receive(JSON.parse(text), !this.#followed))
    socket.on('preview', (id: string, bytes: PreviewBytes) => arrivals.receivePreview(id, bytes))
    socket.on('seen', (text: string) => seenReceipts.receive(JSON.parse(text)))
  }

  get #ownSession(): string | null {
    return this.#followed?.session ?? null
  }

  #onConnect(): void {
    if (!this.#state.take('connected')) return
    this.#generation++
    void this.#resume()
  }

  #onChanges(batch: Batch, { replica, presence }: FeedReceivers): void {
    if (batch.from === this.#cursor) {
      this.#cursor = batch.to
      const moved = replica.movedBy(batch)
      replica.apply(batch)
      presence.moved(moved)
    } else if (batch.to === this.#cursor) return
    else if (this.#state.take('behind')) void this.#resume()
    else this.#isBehind = true
  }

  /** The server can't follow from our cursor any more. */
  #onReload(): void {
    this.#cursor = null
    if (this.#state.take('behind')) void this.#resume()
  }

  #onBye({ error }: ErrorAnswer): void {
    this.#onLost(error)
  }

  /** Somebody is back at the page, or the network is: don't wait, and don't trust an old connection. */
  readonly #onWake = ({ type }: Event): void => {
    if (type === 'visibilitychange' && document.visibilityState === 'hidden') return
    if (!this.#state.take('woken')) return
    this.#failures = 0
    if (this.#state.current === 'opening') this.#connect()
    else void this.#resume(WAKE_PROBE_MS)
  }

  /** Tries again later, unless another try is useless. */
  #onLost(why: Problem | null = null): void {
    if (why && FINAL_CODES.has(why.code)) return this.#refuse(why)
    // A snapshot on its way is still of use if only the socket failed to open.
    const keepsSnapshot = this.#state.current === 'opening'
    if (!this.#state.take('lost')) return
    this.#disconnect(keepsSnapshot)
    this.#timer = setTimeout(
      () => {
        if (this.#state.take('woken')) this.#connect()
      },
      backoff(this.#failures++),
    )
    this.emit('offline', why)
  }

  #refuse(why: Problem): void {
    if (!this.#state.take('refused')) return
    this.#disconnect()
    this.emit('refused', why)
  }

  /** Follows from our cursor on; without one, or when the server can't, from a new snapshot. */
  async #resume(timeoutMs = FEED_SILENCE_MS): Promise<void> {
    const generation = this.#generation
    try {
      for (let tries = 0; ; tries++) {
        if (tries > 1) await new Promise((resolve) => setTimeout(resolve, backoff(tries)))
        if (generation !== this.#generation) return
        const cursor = this.#cursor ?? (await this.#load())
        if (generation !== this.#generation) return
        this.#isBehind = false
        const answer = await this.#ask<FollowAnswer>('follow', { cursor }, timeoutMs)
        if (generation !== this.#generation) return
        if ('error' in answer) return this.#onLost(answer.error)
        if (!answer.resumed) this.#cursor = null
        else if (this.#cursor && !this.#isBehind) return this.#onFollowed(answer)
      }
    } catch (error) {
      if (generation === this.#generation) this.#onLost(isProblem(error) ? error : null)
    }
  }

  #onFollowed(followed: FollowAnswer): void {
    this.#state.take('followed')
    this.#failures = 0
    this.#followed = followed
    this.emit('live', followed)
  }

  /** Hands the snapshot over, and returns its cursor. */
  async #load(): Promise<Cursor> {
    this.#snapshot ??= this.#fetch()
    const { answer } = this.#snapshot
    const snapshot = await answer
    await this.#ready
    // Several may have waited for the same snapshot: the first hands it over.
    if (this.#snapshot?.answer === answer && this.#state.current !== 'closed') {
      this.#snapshot = null
      this.#cursor = snapshot.cursor
      this.emit('snapshot', snapshot)
    }
    return snapshot.cursor
  }

  #fetch() {
    const stop = new AbortController()
    const get = async (): Promise<Snapshot> => {
      const response = await fetch(snapshotUrl(this.#endpoint), {
        headers: this.#endpoint.headers,
        cache: 'no-cache',
        // The server never redirects: whoever does stands between.
        redirect: 'error',
        signal: stop.signal,
      })
      const body = await response.text()
      if (!response.ok) throw problemIn(response.status, body) ?? new Error(response.statusText)
      const snapshot = JSON.parse(body) as Snapshot
      // Gateways and login pages answer 200 too.
      if (!snapshot.records) throw new Error('no snapshot')
      return snapshot
    }
    const answer = get().catch((error: unknown) => {
      this.#snapshot = null
      throw error
    })
    return { answer, stop }
  }

  /** Emits an event that the server answers. Rejects when the connection breaks or stays silent. */
  async #ask<T>(
    event: string,
    body: unknown,
    timeoutMs = FEED_SILENCE_MS,
  ): Promise<T | ErrorAnswer> {
    if (!this.#socket.connected) throw new Error('offline')
    const generation = this.#generation
    try {
      return await this.#socket.timeout(timeoutMs).emitWithAck(event, body)
    } catch (error) {
      if (generation === this.#generation) this.#onLost()
      throw error
    }
  }

  #connect(): void {
    clearTimeout(this.#timer)
    this.#socket.connect()
  }

  #disconnect(keepsSnapshot = false): void {
    if (!keepsSnapshot) {
      this.#snapshot?.stop.abort()
      this.#snapshot = null
    }
    this.#generation++
    this.#followed = null
    clearTimeout(this.#timer)
    this.#socket.disconnect()
  }
}

const isProblem = (error: unknown): error is Problem =>
  typeof error === 'object' && error !== null && 'code' in error && 'message' in error

const isFinal = (error: unknown): error is Problem =>
  isProblem(error) && FINAL_CODES.has(error.code)

/** Listens for what may mean that a waiting connection can be had again. Browsers only. */
function listenToWaking(wake: (event: Event) => void, verb: 'add' | 'remove'): void {
  if (typeof window === 'undefined') return
  window[`${verb}EventListener`]('online', wake)
  window[`${verb}EventListener`]('pageshow', wake)
  document[`${verb}EventListener`]('visibilitychange', wake)
}
