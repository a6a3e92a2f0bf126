import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { type Batch, type ImageRecord, isNewer, type MediaType } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { Server, type Socket } from 'socket.io'
import type { Boards, HeldBoard } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import { type Sender, STRANGER } from '../boards/sender.ts'
import type { ClassicConfig } from '../config.ts'
import { partyOf } from '../fairness/party.ts'
import type { Guard } from '../http/guard.ts'
import type { StoredFiles } from '../images/stored-files.ts'
import type { DirectUpload } from '../images/uploads/direct-upload.ts'
import type { Intake } from '../images/uploads/intake.ts'
import { allowedBy } from '../live/gateway.ts'
import type { PartyLimiter } from '../live/party-limiter.ts'
import {
  ClassicOutbox,
  type ClassicOutboxRoom,
  type PendingEvents,
  type ShownPicture,
} from './classic-outbox.ts'
import { PictureCache, sentBlobOf } from './picture-cache.ts'
import { Placeholders } from './placeholders.ts'
import { ReturningVisitors } from './returning-visitors.ts'
import { type HandlersRoom, registerHandlers } from './socket-handlers.ts'

/** The server's objects that the classic board uses. */
export interface ClassicServices {
  readonly engine: Engine
  readonly files: StoredFiles
  readonly boards: Boards
  readonly intake: Intake
  readonly directUpload: DirectUpload
  readonly guard: Guard
  readonly log: FastifyBaseLogger
  /** Bounds the messages of commands, by visitor and address. */
  readonly commandLimiter: PartyLimiter
  /** The server's data folder. */
  readonly folder: string
}

/** The time that a viewer has to take what it was sent, and the time on top for its size (K31). */
const VIEWER_TIMEOUT_MS = 30_000
const VIEWER_TIMEOUT_MS_PER_KIB = 16
/** Largest message from a socket (K26); a pushed picture is one message. */
const MESSAGE_BYTES = 4 * 1_048_576
const CONNECT_TIMEOUT_MS = 10_000
/** A page that is new says `User:connect` well within this time; one that comes back never does. */
const RETURN_DELAY_MS = 1_500
/** One picture may fill a slow connection for this long. */
const PING_TIMEOUT_MS = 60_000

/**
 * One board in the protocol of the tutorials that Wirephoto comes from. Pages, scripts and sockets of all three
 * tutorials meet here, together with everybody on the board's own page. The board's one changefeed decides
 * what each socket is sent: events follow from a picture's state before and after a change.
 */
export class Classic implements ClassicOutboxRoom, HandlersRoom {
  readonly config: ClassicConfig
  readonly board: LiveBoard
  readonly placeholders: Placeholders
  readonly #services: ClassicServices
  readonly #release: () => void
  readonly #viewers = new Set<ClassicOutbox>()
  /** Pictures as of the last batch, those in the trash included. */
  readonly #pictures = new Map<string, ImageRecord>()
  /** Those that aren't in the trash, for viewers who ask for all; null until one does. */
  #idsOnBoard: readonly string[] | null = null
  readonly #cache: PictureCache
  readonly #returning: ReturningVisitors
  #io: Server | null = null

  private constructor(
    services: ClassicServices,
    config: ClassicConfig,
    held: HeldBoard,
    returning: ReturningVisitors,
  ) {
    this.#services = services
    this.#returning = returning
    const { board } = held
    this.config = config
    this.board = board
    this.placeholders = new Placeholders(services.intake, services.log)
    this.#cache = new PictureCache(services.files)
    const unlisten = board.listen((batch) => this.#onBatch(batch))
    this.#release = () => {
      unlisten()
      held[Symbol.dispose]()
    }
    for (const record of board.records.values())
      if (record.kind === 'image') this.#pictures.set(record.id, record)
  }

  /** Opens the configured board; creates it if it doesn't exist. */
  static async open(services: ClassicServices, config: ClassicConfig): Promise<Classic> {
    await services.engine.boards.create(config.board)
    const returning = await ReturningVisitors.open(services.folder)
    return new Classic(services, config, await services.boards.hold(config.board), returning)
  }

  /** Returns the sender of a request. Everybody who reaches the server may edit this board (K9). */
  sender(request: IncomingMessage): Sender {
    return { ...this.#services.guard.visitor(request), role: 'edit', quota: STRANGER }
  }

  /** Accepts sockets and serves the client script, both at the path that the tutorials' pages use (K11). */
  attach(http: HttpServer): void {
    const { guard, log } = this.#services
    this.#io = new Server(http, {
      serveClient: true,
      // The tutorials' own scripts speak Engine.IO 3.
      allowEIO3: true,
      maxHttpBufferSize: MESSAGE_BYTES,
      perMessageDeflate: false,
      httpCompression: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      pingTimeout: PING_TIMEOUT_MS,
      destroyUpgrade: false,
      allowRequest: allowedBy(guard, log),
    })
    /** Connections that have a viewer. A second one on the same connection would evade the limits. */
    const served = new WeakSet<object>()
    this.#io.on('connection', (socket) => {
      if (served.has(socket.conn)) return socket.conn.close()
      served.add(socket.conn)
      this.#onConnection(socket)
    })
  }

  /** Ends all sockets and lets go of the board. */
  close(): void {
    this.#io?.engine.close()
    this.#release()
  }

  visiblePicture(id: string): ImageRecord | undefined {
    return this.#ifVisible(this.#pictures.get(id))
  }

  typeOf(picture: ImageRecord): string {
    const sentType = sentBlobOf(picture)?.type ?? picture.type
    return sentType ?? this.placeholders.announcedType(picture.id) ?? ''
  }

  authorOf({ id, author }: ImageRecord): string {
    return this.placeholders.announcedAuthor(id) ?? author
  }

  async readBytes(picture: ImageRecord): Promise<Buffer | null> {
    const sent = sentBlobOf(picture)
    return sent && this.#cache.read(sent.key)
  }

  timeoutMs(bytes: number): number {
    const { viewerTimeoutMs } = this.config
    return viewerTimeoutMs ?? VIEWER_TIMEOUT_MS + (bytes / 1024) * VIEWER_TIMEOUT_MS_PER_KIB
  }

  check(source: Readable, sender: Sender): Promise<MediaType> {
    return this.#services.directUpload.check(source, partyOf(sender, this.board.id))
  }

  enqueueAll(viewer: ClassicOutbox): void {
    this.#idsOnBoard ??= [...this.#pictures.values()]
      .filter(({ deletedAt }) => deletedAt === null)
      .map(({ id }) => id)
    viewer.enqueueAll(this.#idsOnBoard)
  }

  async remember(visitor: string): Promise<void> {
    await this.#returning.add(visitor)
  }

  broadcast(event: string, body: unknown): void {
    for (const viewer of this.#viewers) viewer.send(event, body)
  }

  showToOthers(viewer: ClassicOutbox, shown: ShownPicture): void {
    for (const each of this.#viewers) if (each !== viewer) each.show(shown)
  }

  #onConnection(socket: Socket): void {
    const { log, commandLimiter } = this.#services
    const viewer = new ClassicOutbox(socket, this, (reason) =>
      log.info({ board: this.board.id, reason }, 'classic viewer cut off'),
    )
    const sender = this.sender(socket.request as IncomingMessage)
    registerHandlers(socket, viewer, this, { sender, log, commandLimiter })
    this.#viewers.add(viewer)
    const returned = setTimeout(() => {
      if (this.#returning.has(sender.visitor) && !viewer.wantsPhotoFiles) this.#resume(viewer)
    }, RETURN_DELAY_MS)
    socket.once('disconnect', () => {
      clearTimeout(returned)
      this.#viewers.delete(viewer)
      viewer.close()
      socket.conn.close()
    })
    const newest = this.#newestPicture()
    if (newest)
      viewer.enqueue(newest.id, { imageUpdate: true, photoFields: false, photoFile: false })
  }

  /**
   * Goes on with a page whose earlier socket has sent `User:connect` (K33). It may be another page of the same
   * visitor, so it still gets `Image:update`.
   */
  #resume(viewer: ClassicOutbox): void {
    viewer.wantsPhotoFiles = true
    this.enqueueAll(viewer)
  }

  #newestPicture(): ImageRecord | undefined {
    let newest: ImageRecord | undefined
    for (const picture of this.#pictures.values()) {
      if (picture.deletedAt !== null || !sentBlobOf(picture)) continue
      if (!newest || isNewer(picture, newest)) newest = picture
    }
    return newest
  }

  /** Returns the picture if it is on the board, and is either stored or a placeholder. */
  #ifVisible(picture: ImageRecord | undefined): ImageRecord | undefined {
    if (!picture || picture.deletedAt !== null) return undefined
    const isVisible = picture.blob !== null || this.placeholders.has(picture.id)
    return isVisible ? picture : undefined
  }

  /** Enqueues the events of a batch. Null means that the board was loaded again: every picture is compared. */
  #onBatch(batch: Batch | null): void {
    const { records } = this.board
    const ids = batch
      ? batch.changes.map((change) => ('put' in change ? change.put.id : change.gone))
      : new Set([...this.#pictures.keys(), ...records.keys()])
    for (const id of ids) {
      const record = records.get(id)
      if (record?.kind !== 'board') this.#onChange(id, record)
    }
  }

  #onChange(id: string, now: ImageRecord | undefined): void {
    const before = this.#pictures.get(id)
    const wasVisible = this.#ifVisible(before) !== undefined
    const events = eventsFor(before, wasVisible, this.#ifVisible(now))
    // One that is added has no time of its removal yet, and one that is gone none any more.
    if (before?.deletedAt !== now?.deletedAt) this.#idsOnBoard = null
    if (now) this.#pictures.set(id, now)
    else this.#pictures.delete(id)
    if (!now) this.placeholders.forget(id)
    else if (now.blob !== null) this.placeholders.markFilled(id)
    if (events) for (const viewer of this.#viewers) viewer.enqueue(id, events)
  }
}

/** Returns the events that a change requires, or null for none. A removal is an entry without events. */
function eventsFor(
  before: ImageRecord | undefined,
  wasVisible: boolean,
  now: ImageRecord | undefined,
): PendingEvents | null {
  if (!now) return wasVisible ? { imageUpdate: false, photoFields: false, photoFile: false } : null
  const key = sentBlobOf(now)?.key
  const isOtherBlob = key !== sentBlobOf(before)?.key
  const imageUpdate = key !== undefined && isOtherBlob
  const photoFile = key !== undefined && (isOtherBlob || !wasVisible)
  const isOtherField = PHOTO_FIELDS.some((field) => now[field] !== before?.[field])
  const photoFields = photoFile || !wasVisible || isOtherField
  return photoFields ? { imageUpdate, photoFields, photoFile } : null
}

/** The fields of a picture that `Photo:update` carries. */
const PHOTO_FIELDS = ['name', 'author', 'x', 'y'] as const
