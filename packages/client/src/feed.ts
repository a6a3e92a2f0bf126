import {
  type Batch,
  type CommandAnswer,
  type CommandMessage,
  type Cursor,
  type Downloads,
  type ErrorCode,
  type FollowAnswer,
  type HeldNews,
  isAccessCode,
  type Presence as PresenceState,
  problemIn,
  type SenderPreviews,
  type SenderReport,
  type ShowRequest,
  type Snapshot,
} from '@wirephoto/board'
import type { Arrivals } from './arrivals.ts'
import { backoff, backoffAfter } from './backoff.ts'
import { Emitter } from './events.ts'
import { FEED_EXITS, FEED_STATES } from './feed-states.ts'
import { inBackground } from './in-background.ts'
import type { Presence } from './presence.ts'
import type { Replica } from './replica.ts'
import type { SeenReceipts } from './seen-by.ts'
import { isSnapshot } from './snapshots.ts'
import { SocketTransport } from './socket-transport.ts'
import { StateMachine } from './state-machine.ts'
import type { Transport } from './transport.ts'
import type { ErrorAnswer, LiveFrame, Problem } from './types.ts'
import { type BoardEndpoint, snapshotUrl } from './urls.ts'

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
/** Time that a websocket has to open before plain requests are tried. */
const SOCKET_PATIENCE_MS = 5_000
/** The same where requests can't be tried. Firefox lets a websocket wait for up to 60 s after failed ones. */
const ONLY_SOCKET_PATIENCE_MS = 75_000
/** The same for one that is tried beside them. */
const UPGRADE_PATIENCE_MS = 15_000
/** Time for which a websocket passes messages before it counts as sound. */
const SOCKET_PROOF_MS = 10_000
/** Websockets in a row that opened in vain, or were soon lost, until the feed begins with requests. */
const SOCKET_FAULTS_COUNT = 2
/** Time between two tries of a websocket, doubled each time. */
const UPGRADE_FIRST_MS = 2_000
const UPGRADE_LONGEST_MS = 60_000

/** The purpose of a timer: the next try, a sound websocket, a better transport. */
type Purpose = 'retry' | 'proof' | 'upgrade'

export interface FeedEvents {
  /** The whole board; batches follow from its cursor on. */
  snapshot: Snapshot
  show: ShowRequest
  frame: LiveFrame
  shown: LiveFrame
  downloads: Downloads
  held: HeldNews
  /** Something to tell the person. */
  notice: Problem
  /** The feed follows the board; commands may be sent. `isSlow`: by plain requests, without presence. */
  live: { readonly followed: FollowAnswer; readonly isSlow: boolean }
  /** With the reason, if the server gave one. */
  offline: Problem | null
  refused: Problem
}

/** The parts of the board that the server's messages are for. */
export interface FeedReceivers {
  readonly replica: Pick<Replica, 'movedBy' | 'apply'>
  readonly presence: Pick<Presence, 'receive' | 'count' | 'moved'>
  readonly arrivals: Pick<Arrivals, 'receive' | 'receivePreview'>
  readonly seenReceipts: Pick<SeenReceipts, 'receive'>
}

/** The one connection to the server: follows the board, and carries all that this page sends. */
export class Feed extends Emitter<FeedEvents> {
  readonly #endpoint: BoardEndpoint
  readonly #socket: Transport
  /** Plain requests, once their code is here. */
  #http: Transport | null = null
  /** The transport that the feed goes by. */
  #transport: Transport
  #receivers!: FeedReceivers
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
  /** Websockets that opened in vain, or were soon lost, since the last sound one. */
  #socketFaults = 0
  #upgradeTries = 0
  /** Whether the code for requests was sought in vain. Some browsers never fetch it a second time. */
  #isSocketOnly = false
  readonly #timers = new Map<Purpose, ReturnType<typeof setTimeout>>()

  constructor(endpoint: BoardEndpoint) {
    super()
    this.#endpoint = endpoint
    this.#socket = new SocketTransport(endpoint)
    this.#transport = this.#socket
  }

  /** Connects, and calls the receivers from then on. The first snapshot waits until `ready` has resolved. */
  open(ready: Promise<void>, receivers: FeedReceivers): void {
    this.#ready = ready
    this.#receivers = receivers
    this.#listenTo(this.#socket)
    this.#connect()
    this.#load().catch((error: unknown) => {
      if (isFinal(error)) this.#refuse(error)
    })
    listenToWaking(this.#onWake, 'add')
  }

  /** Goes on from the cursor of a copy, unless the server's snapshot is here. Returns whether it does. */
  goOnFrom(cursor: Cursor): boolean {
    const canGoOn = !this.#cursor && this.#state.current !== 'refused'
    if (canGoOn) this.#cursor = cursor
    return canGoOn
  }

  /** Connects again, from a new snapshot: we have another right than before, perhaps after a refusal. */
  reconnect(): void {
    if (!this.#state.take('asked')) return
    this.#disconnect()
    this.#cursor = null
    this.#failures = 0
    this.#connect()
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

  /** Sends previews of our own pictures. Where there are only requests they stay here: the server makes some. */
  sendPreviews(previews: SenderPreviews): Promise<object | ErrorAnswer> {
    return this.#isSlow ? Promise.resolve({}) : this.#ask('previews', previews)
  }

  /** Shows others what we do. A transient state may be lost, as another one follows soon (F12). */
  sendPresence(presence: PresenceState, isTransient: boolean): void {
    this.#transport.tell('presence', presence, isTransient)
  }

  /** Tells others what only we know of our own uploads. */
  reportUploads(sending: SenderReport): void {
    if (this.#isLive) this.#transport.tell('sending', sending)
  }

  /** Tells the senders of these pictures that they are on our screen. */
  reportSeen(ids: readonly string[]): void {
    if (this.#isLive) this.#transport.tell('seen', { ids })
  }

  /** Makes every screen (`/b/<board>/show`) show a picture. Returns false without a websocket. */
  showOnScreens(shown: ShowRequest): boolean {
    const canShow = this.#isLive && !this.#isSlow
    if (canShow) this.#transport.tell('show', shown)
    return canShow
  }

  /** The build of the page that the server serves; null before it has said so. */
  get serverBuild(): string | null {
    return this.#serverBuild
  }

  get #isLive(): boolean {
    return this.#state.current === 'live'
  }

  /** Whether the feed goes by plain requests. */
  get #isSlow(): boolean {
    return this.#transport !== this.#socket
  }

  /** Gives each message of the server to the part that it is for. */
  #listenTo(transport: Transport): void {
    const { presence, arrivals, seenReceipts } = this.#receivers
    transport.on('connected', () => this.#onConnected(transport))
    transport.on('lost', (why) => this.#onTransportLost(transport, why))
    transport.on('bye', ({ error }) => this.#onLost(error))
    transport.on('reload', () => this.#onReload())
    transport.on('changes', (batch) => this.#onChanges(batch, this.#receivers))
    transport.on('roster', (all) => presence.receive(all, this.#ownSession, true))
    transport.on('presence', (update) => presence.receive(update, this.#ownSession))
    transport.on('people', ({ count }) => presence.count(count))
    transport.on('arrivals', (news) => arrivals.receive(news, !this.#followed || this.#isSlow))
    transport.on('preview', ({ id, bytes }) => arrivals.receivePreview(id, bytes))
    transport.on('seen', (news) => seenReceipts.receive(news))
    transport.on('notice', ({ error }) => this.emit('notice', error))
    transport.on('show', (shown) => this.emit('show', shown))
    for (const event of ['frame', 'shown'] as const)
      transport.on(event, (frame) => this.emit(event, frame))
    transport.on('downloads', (downloads) => this.emit('downloads', downloads))
    transport.on('held', (news) => this.emit('held', news))
    transport.on('build', (build) => {
      this.#serverBuild = build
    })
  }

  get #ownSession(): string | null {
    return this.#followed?.session ?? null
  }

  #onConnected(transport: Transport): void {
    if (transport !== this.#transport) return this.#onUpgrade()
    if (!this.#state.take('connected')) return
    this.#generation++
    inBackground(this.#resume())
  }

  /** A websocket passes after all: it takes over from where the requests have come. */
  #onUpgrade(): void {
    if (!this.#state.take('upgraded')) return this.#socket.close()
    this.#http?.close()
    this.#transport = this.#socket
    this.#generation++
    inBackground(this.#resume())
  }

  #onTransportLost(transport: Transport, why: Problem | null): void {
    // A websocket that was tried beside the requests.
    if (transport !== this.#transport) return this.#tryUpgradeLater()
    this.#onLost(why)
  }

  #onChanges(batch: Batch, { replica, presence }: FeedReceivers): void {
    if (batch.from === this.#cursor) {
      this.#cursor = batch.to
      const moved = replica.movedBy(batch)
      replica.apply(batch)
      presence.moved(moved)
    } else if (batch.to === this.#cursor) return
    else if (this.#state.take('behind')) inBackground(this.#resume())
    else this.#isBehind = true
  }

  /** The server can't follow from our cursor any more. */
  #onReload(): void {
    this.#cursor = null
    if (this.#state.take('behind')) inBackground(this.#resume())
  }

  /** Somebody is back at the page, or the network is: don't wait, and don't trust an old connection. */
  readonly #onWake = ({ type }: Event): void => {
    // The browser cuts the websocket of a frozen page, which says nothing against websockets.
    if (type === 'freeze') return this.#wait(null)
    if (type === 'visibilitychange' && document.visibilityState === 'hidden') return
    if (!this.#state.take('woken')) return
    this.#failures = 0
    this.#upgradeTries = 0
    if (this.#state.current === 'opening') this.#connect()
    else inBackground(this.#resume(WAKE_PROBE_MS))
  }

  /** Tries again: at once by requests if no websocket passes, else later, unless it is useless. */
  #onLost(why: Problem | null = null): void {
    if (why && isFinalCode(why.code)) return this.#refuse(why)
    // Requests that have passed are tried first. Those that haven't mean that there is no server.
    if (this.#isSlow) this.#socketFaults = this.#followed ? SOCKET_FAULTS_COUNT : 0
    // With a reason, the websocket has passed the server's answer.
    else if (!why) {
      this.#socketFaults++
      if (this.#state.take('fellBack')) return inBackground(this.#fallBack())
    }
    this.#wait(why)
  }

  /** Goes by plain requests. Their code may be gone with the server's last build. */
  async #fallBack(): Promise<void> {
    this.#disconnect(true)
    const generation = this.#generation
    const http = await this.#loadHttp().catch(() => null)
    if (generation !== this.#generation) return
    this.#isSocketOnly = !http
    if (!http) return this.#wait(null)
    this.#transport = http
    http.open(FEED_SILENCE_MS)
  }

  async #loadHttp(): Promise<Transport> {
    const { HttpTransport } = await import('./http-transport.ts')
    if (this.#http) return this.#http
    this.#http = new HttpTransport(this.#endpoint)
    this.#listenTo(this.#http)
    return this.#http
  }

  /** Tries again after a while. */
  #wait(why: Problem | null): void {
    // A snapshot on its way is still of use if only the socket failed to open.
    const keepsSnapshot = this.#state.current === 'opening'
    if (!this.#state.take('lost')) return
    this.#disconnect(keepsSnapshot)
    this.#later('retry', backoffAfter(why, this.#failures++), () => {
      if (this.#state.take('woken')) this.#connect()
    })
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
    // One that is still on its way is older than the changes from now on.
    this.#dropSnapshot()
    if (this.#isSlow) this.#tryUpgradeLater()
    else this.#onSocketLive()
    this.emit('live', { followed, isSlow: this.#isSlow })
  }

  #onSocketLive(): void {
    this.#later('proof', SOCKET_PROOF_MS, () => {
      this.#socketFaults = 0
      this.#upgradeTries = 0
    })
    // Fetched before it is needed: then there may be no server to fetch it from.
    if (!this.#http) this.#loadHttp().catch(() => {})
  }

  /** Tries a websocket beside the requests, less and less often. */
  #tryUpgradeLater(): void {
    if (!this.#isSlow) return
    const wait = Math.min(UPGRADE_LONGEST_MS, UPGRADE_FIRST_MS * 2 ** this.#upgradeTries++)
    this.#later('upgrade', wait, () => this.#socket.open(UPGRADE_PATIENCE_MS))
  }

  /** Does something after a while, in place of what was to be done for the same purpose. */
  #later(purpose: Purpose, milliseconds: number, run: () => void): void {
    clearTimeout(this.#timers.get(purpose))
    this.#timers.set(purpose, setTimeout(run, milliseconds))
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
      if (!isSnapshot(snapshot)) throw new Error('no snapshot')
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
    event: 'follow' | 'commands' | 'previews',
    body: object,
    timeoutMs = FEED_SILENCE_MS,
  ): Promise<T | ErrorAnswer> {
    const { isOpen } = this.#transport
    if (!isOpen) throw new Error('offline')
    const generation = this.#generation
    try {
      return await this.#transport.ask<T>(event, body, timeoutMs)
    } catch (error) {
      if (generation === this.#generation) this.#onLost()
      throw error
    }
  }

  /** Opens a websocket, or begins with requests if the last ones didn't last. */
  #connect(): void {
    this.#clearTimers()
    const isSocketHopeless = this.#socketFaults >= SOCKET_FAULTS_COUNT
    if (isSocketHopeless && !this.#isSocketOnly) return inBackground(this.#fallBack())
    this.#transport = this.#socket
    this.#socket.open(this.#isSocketOnly ? ONLY_SOCKET_PATIENCE_MS : SOCKET_PATIENCE_MS)
  }

  #disconnect(keepsSnapshot = false): void {
    if (!keepsSnapshot) this.#dropSnapshot()
    this.#generation++
    this.#followed = null
    this.#clearTimers()
    this.#socket.close()
    this.#http?.close()
  }

  #dropSnapshot(): void {
    this.#snapshot?.stop.abort()
    this.#snapshot = null
  }

  #clearTimers(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }
}

const isProblem = (error: unknown): error is Problem =>
  typeof error === 'object' && error !== null && 'code' in error && 'message' in error

const isFinalCode = (code: ErrorCode): boolean => FINAL_CODES.has(code) || isAccessCode(code)

const isFinal = (error: unknown): error is Problem => isProblem(error) && isFinalCode(error.code)

/** Listens for what may mean that a waiting connection can be had again. Browsers only. */
function listenToWaking(wake: (event: Event) => void, verb: 'add' | 'remove'): void {
  if (typeof window === 'undefined') return
  window[`${verb}EventListener`]('online', wake)
  window[`${verb}EventListener`]('pageshow', wake)
  for (const type of ['visibilitychange', 'freeze', 'resume'])
    document[`${verb}EventListener`](type, wake)
}
