import { randomBytes } from 'node:crypto'
import {
  type Arrivals,
  type Batch,
  type PresenceUpdate,
  type ShowRequest,
  uuidv7,
  type WireError,
} from '@wirephoto/board'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Bounds } from '../bounds.ts'
import type { BusMessage } from '../bus/message.ts'
import { namedOf } from '../bus/message.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import type { Metrics } from '../metrics.ts'
import type { Slots } from '../slots/slots.ts'
import { Broadcast, type LatestByKey } from './broadcast.ts'
import { encodeBytes, encodeText } from './encoded-event.ts'
import type { Outbox, OutboxRoom } from './outbox.ts'
import { Presence } from './presence.ts'
import { RemotePeople } from './remote-people.ts'
import { SeenReports, type Viewer } from './seen-reports.ts'

const VISITOR_COUNT_INTERVAL_MS = 1_000
/** Time between two messages to other servers that name everybody here. */
const ROSTER_INTERVAL_MS = 3_000
/** Time between two pictures that are pushed to screens. */
const SHOW_INTERVAL_MS = 250
/** Stands for the files that aren't kept, beside the tiles of live slots. */
const SHOWN_KEY = 'shown'

/** A session as its room sees it. */
export interface Member {
  readonly id: string
  readonly visitor: string
  readonly isWall: boolean
  readonly outbox: Outbox
  /** Sends an event with a body of JSON. */
  send(event: string, text: string): void
  /** Says why, and closes the connection. */
  dismiss(error: WireError): void
}

interface RoomOptions {
  readonly bounds: Bounds
  readonly uploadProgress: UploadProgress
  readonly slots: Slots
  readonly metrics: Metrics
  /** Sends a message to the rooms of this board on other servers; null without a bus. */
  readonly publish: ((message: BusMessage) => void) | null
  /** Called when the last member has left. */
  readonly onEmpty: () => void
}

/** The sessions on this server that look at one board, fed by the board's one changefeed. */
export class Room implements OutboxRoom {
  readonly board: LiveBoard
  readonly presence: Presence
  readonly seenReports: SeenReports
  readonly #uploadProgress: UploadProgress
  readonly #onEmpty: () => void
  readonly #members = new Set<Member>()
  readonly #publish: RoomOptions['publish']
  readonly #elsewhere = new RemotePeople()
  #rosterTimer: NodeJS.Timeout | undefined
  /** Whether somebody has come or gone since other servers were told. */
  #isRosterNew = true
  readonly #unsubscribe: (() => void)[]
  readonly #broadcast = new Broadcast((burst) => {
    for (const { outbox } of this.#members) outbox.send(burst)
  })
  #countTimer: NodeJS.Timeout | undefined
  /** The pictures that wait to be shown, by the visitors who ask. */
  readonly #shows = new Map<string, ShowRequest>()
  #showTimer: NodeJS.Timeout | undefined
  #shownAt = Number.NEGATIVE_INFINITY

  constructor(
    board: LiveBoard,
    { uploadProgress, slots, metrics, bounds, publish, onEmpty }: RoomOptions,
  ) {
    this.board = board
    this.#uploadProgress = uploadProgress
    this.#onEmpty = onEmpty
    this.#publish = publish
    this.presence = new Presence({
      send: (update) => {
        this.broadcastLatest('presence', update)
        publish?.({ kind: 'presence', body: update })
      },
      elsewhere: () => this.#elsewhere.all,
      hasPicture: (id) => this.hasPicture(id),
      bytes: bounds.presence,
      bytesPerVisitor: bounds['presence-per-visitor'],
      bytesPerAddress: bounds['presence-per-address'],
    })
    this.seenReports = new SeenReports({
      send: (visitor, seenBy) => {
        this.sendToVisitor(visitor, 'seen', seenBy)
        publish?.({ kind: 'told', body: { visitor, event: 'seen', body: seenBy } })
      },
      countOthers: (visitor) => this.#countOthers(visitor),
      observe: (milliseconds) => metrics.seen.observe(milliseconds / 1000),
    })
    this.#unsubscribe = [
      board.listen((batch) => this.#onBatch(batch)),
      uploadProgress.listen(board.id, {
        onProgress: (arrivals) => this.broadcastLatest('arrivals', arrivals),
        onPreview: (id, bytes) => this.#broadcast.addPreview(encodeBytes('preview', id, bytes)),
      }),
      slots.listen(board.id, (id, bytes) => {
        const frame = encodeBytes('frame', id, bytes)
        for (const { outbox } of this.#members) outbox.sendFrame(id, frame)
      }),
    ]
    if (!publish) return
    this.#rosterTimer = setInterval(() => this.#refreshRoster(), ROSTER_INTERVAL_MS).unref()
    publish({ kind: 'who', body: {} })
  }

  hasPicture(id: string): boolean {
    return this.board.records.get(id)?.kind === 'image'
  }

  /** Tells every screen which picture to show next. Visitors take turns; of each the latest counts. */
  show(visitor: string, request: ShowRequest): void {
    if (!this.hasPicture(request.id)) return
    this.#shows.set(visitor, request)
    if (this.#showTimer) return
    const wait = this.#shownAt + SHOW_INTERVAL_MS - performance.now()
    if (wait <= 0) this.#showNext()
    else this.#showTimer = setTimeout(() => this.#showNext(), wait)
  }

  #showNext(): void {
    this.#showTimer = undefined
    const [next] = this.#shows
    if (!next) return
    const [visitor, request] = next
    this.#shows.delete(visitor)
    this.#shownAt = performance.now()
    this.broadcastLatest('show', { ...request })
    this.#publish?.({ kind: 'show', body: request })
    if (this.#shows.size > 0) this.#showTimer = setTimeout(() => this.#showNext(), SHOW_INTERVAL_MS)
  }

  /** Sends a file that isn't kept to every page and wall. One that is slow gets the latest alone. Returns how many there are, with those on other servers. */
  showFile(file: Buffer): number {
    const shown = encodeBytes('shown', uuidv7(Date.now(), randomBytes(10)), file)
    for (const { outbox } of this.#members) outbox.sendFrame(SHOWN_KEY, shown)
    return this.#members.size + this.#elsewhere.memberCount
  }

  get roster(): PresenceUpdate {
    return { ...this.#elsewhere.all, ...this.presence.all }
  }

  get arrivals(): Arrivals {
    return this.#uploadProgress.snapshot(this.board.id)
  }

  flush(): void {
    this.#broadcast.flush()
  }

  /** Sends transient state to every member that follows; of each key the latest counts (F12). */
  broadcastLatest(event: string, entries: LatestByKey): void {
    this.#broadcast.addLatest(encodeText(event, JSON.stringify(entries)), entries)
  }

  /** Returns the name that a visitor has here; empty for none. */
  nameOf(visitor: string): string {
    for (const member of this.#members) {
      const name = member.visitor === visitor ? this.presence.nameOf(member.id) : ''
      if (name) return name
    }
    return this.#elsewhere.nameOf(visitor)
  }

  /** Whether a visitor is here, by a page or a wall. */
  has(visitor: string): boolean {
    return this.#members.values().some((member) => member.visitor === visitor)
  }

  /** Sends an event to every page of one visitor. */
  sendToVisitor(visitor: string, event: string, body: object): void {
    for (const member of this.#members)
      if (member.visitor === visitor) member.send(event, JSON.stringify(body))
  }

  /** Tells other servers who is here, and asks the same. */
  onPeer(): void {
    this.#publishRoster()
    this.#publish?.({ kind: 'who', body: {} })
  }

  #publishRoster(): void {
    this.#isRosterNew = false
    if (!this.#publish) return
    const body = {
      states: this.presence.all,
      visitors: namedOf(this.#visitorsHere()),
      memberCount: this.#members.size,
    }
    this.#publish({ kind: 'roster', body })
  }

  /** Reports pictures that a page here has painted: to the server that knows their senders. */
  reportSeen(ids: readonly string[], viewer: Viewer): void {
    const others = ids.filter((id) => !this.seenReports.report(id, viewer))
    if (others.length > 0) this.#publish?.({ kind: 'seen', body: { ids: others, ...viewer } })
  }

  /** Takes a message of another server. */
  receive(message: BusMessage, from: string): void {
    switch (message.kind) {
      case 'presence':
        this.#elsewhere.update(from, message.body)
        return this.#showElsewhere(message.body)
      case 'roster':
        this.#showElsewhere(this.#elsewhere.replace(from, message.body))
        return this.tellVisitorCount()
      case 'show':
        if (this.hasPicture(message.body.id)) this.broadcastLatest('show', { ...message.body })
        return
      case 'seen': {
        const { ids, ...viewer } = message.body
        for (const id of ids) this.seenReports.report(id, viewer)
        return
      }
      case 'told': {
        const { visitor, event, body } = message.body
        return this.sendToVisitor(visitor, event, body)
      }
      case 'who':
        return this.#publishRoster()
      case 'shown':
        this.showFile(message.bytes)
        return
      default:
    }
  }

  enter(member: Member): void {
    this.#members.add(member)
    this.#isRosterNew = true
    this.tellVisitorCount()
  }

  leave(member: Member): void {
    this.#members.delete(member)
    this.presence.leave(member.id)
    this.#isRosterNew = true
    this.tellVisitorCount()
    if (this.#members.size === 0) this.#close()
  }

  /** Tells everybody who follows how many visitors are here, soon. Call it when that, or who follows, has changed. */
  tellVisitorCount(): void {
    this.#countTimer ??= setTimeout(() => {
      this.#countTimer = undefined
      this.broadcastLatest('people', { count: this.#visitors().size })
      if (this.#isRosterNew) this.#publishRoster()
    }, VISITOR_COUNT_INTERVAL_MS)
  }

  /** Says why to every member, and closes their connections. */
  dismissAll(error: WireError): void {
    for (const member of this.#members) member.dismiss(error)
  }

  #close(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    this.#broadcast.clear()
    clearTimeout(this.#countTimer)
    clearTimeout(this.#showTimer)
    clearInterval(this.#rosterTimer)
    this.presence.close()
    this.seenReports.close()
    this.#publishRoster()
    this.#onEmpty()
  }

  #onBatch(batch: Batch | null): void {
    if (batch) return this.#broadcast.addChanges(batch)
    this.#broadcast.clear()
    for (const { outbox } of this.#members) outbox.requireSnapshot()
  }

  #countOthers(visitor: string): number {
    const visitors = this.#visitors()
    return visitors.size - Number(visitors.has(visitor))
  }

  /** The people who look at the board, by whatever server. */
  #visitors(): ReadonlySet<string> {
    return this.#visitorsHere().union(this.#elsewhere.visitors)
  }

  /** The people who are here. A wall is none, and never sees a picture. */
  #visitorsHere(): ReadonlySet<string> {
    const people = Array.from(this.#members).filter(({ isWall }) => !isWall)
    return new Set(people.map(({ visitor }) => visitor))
  }

  #refreshRoster(): void {
    this.#publishRoster()
    this.#showElsewhere(this.#elsewhere.forgetSilent())
  }

  #showElsewhere(update: PresenceUpdate): void {
    if (Object.keys(update).length > 0) this.broadcastLatest('presence', update)
  }
}
