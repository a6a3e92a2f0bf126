import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Batch, ImageRecord } from '@wirephoto/board'
import type { Engine } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { Server } from 'socket.io'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard, Sender } from '../boards/live-board.ts'
import type { ClassicConfig } from '../config.ts'
import type { Guard } from '../http/guard.ts'
import type { DirectUpload } from '../images/uploads/direct-upload.ts'
import type { Intake } from '../images/uploads/intake.ts'
import { allowedBy } from '../live/gateway.ts'
import { ClassicOutbox, type Pending } from './classic-outbox.ts'
import { PictureCache, sentBlobOf } from './picture-cache.ts'
import { Placeholders } from './placeholders.ts'
import { registerHandlers } from './socket-handlers.ts'

export interface ClassicParts {
  readonly engine: Engine
  readonly boards: Boards
  readonly intake: Intake
  readonly directUpload: DirectUpload
  readonly guard: Guard
  readonly log: FastifyBaseLogger
}

/** Milliseconds that a viewer has to take what it is sent, and for each KiB of that. */
const PATIENCE = 30_000
const PATIENCE_KIB = 16
/** Bytes of one message from a socket: a pushed picture is one. */
const MESSAGE = 4 * 1_048_576

/**
 * One board in the tongue of the tutorials that Wirephoto comes from. The pages, scripts and sockets of
 * all three meet here, and everybody on the board's own page: there is one changefeed, and what a socket
 * is to be sent follows from what the board was before and is now.
 */
export class Classic {
  readonly config: ClassicConfig
  readonly board: LiveBoard
  readonly placeholders: Placeholders
  readonly #parts: ClassicParts
  readonly #release: () => void
  readonly #viewers = new Set<ClassicOutbox>()
  /** Pictures as the viewers know them, trashed ones too. */
  readonly #known = new Map<string, ImageRecord>()
  readonly #shelf: PictureCache
  #io: Server | null = null

  private constructor(
    parts: ClassicParts,
    config: ClassicConfig,
    { board, release }: { board: LiveBoard; release: () => void },
  ) {
    this.#parts = parts
    this.config = config
    this.board = board
    this.placeholders = new Placeholders(parts.intake)
    this.#shelf = new PictureCache(parts.engine.blobs)
    const unlisten = board.listen((batch) => this.#hear(batch))
    this.#release = () => {
      unlisten()
      release()
    }
    for (const record of board.records.values())
      if (record.kind === 'image') this.#known.set(record.id, record)
  }

  static async open(parts: ClassicParts, config: ClassicConfig): Promise<Classic> {
    await parts.engine.boards.create(config.board)
    return new Classic(parts, config, await parts.boards.hold(config.board))
  }

  /** Whoever reaches the server may edit this board. */
  sender(request: IncomingMessage): Sender {
    const { visitor } = this.#parts.guard.sender(request, this.board.id)
    return { visitor, role: 'edit' }
  }

  /** Takes sockets at the path where the tutorials' pages look for them, and serves them their script. */
  attach(http: HttpServer): void {
    const { guard, directUpload, log } = this.#parts
    const { viewerTimeoutMs } = this.config
    const io = new Server(http, {
      serveClient: true,
      // Scripts of the tutorials' own time.
      allowEIO3: true,
      maxHttpBufferSize: MESSAGE,
      perMessageDeflate: false,
      httpCompression: false,
      connectTimeout: 10_000,
      // A slow line may be full of one picture for so long.
      pingTimeout: 60_000,
      destroyUpgrade: false,
      allowRequest: allowedBy(guard, log),
    })
    this.#io = io
    /** Lines that have a viewer, so that none has two. */
    const taken = new WeakSet<object>()
    io.on('connection', (socket) => {
      if (taken.has(socket.conn)) return socket.conn.close()
      taken.add(socket.conn)
      const viewer = new ClassicOutbox(socket, {
        picture: (id) => this.#shown(this.#known.get(id)),
        typeOf: (picture) =>
          sentBlobOf(picture)?.type ?? picture.type ?? this.placeholders.typeOf(picture.id) ?? '',
        authorOf: ({ id, author }) => this.placeholders.authorOf(id) ?? author,
        bytes: async (picture) => {
          const sent = sentBlobOf(picture)
          return sent && this.#shelf.take(sent.key)
        },
        patience: (bytes) => viewerTimeoutMs ?? PATIENCE + (bytes / 1024) * PATIENCE_KIB,
        cutOff: (reason) => log.info({ board: this.board.id, reason }, 'classic viewer cut off'),
      })
      registerHandlers(socket, viewer, {
        board: this.board,
        sender: this.sender(socket.request as IncomingMessage),
        log,
        look: (source) => directUpload.check(source),
        all: () => this.#all(viewer),
        tell: (event, body) => {
          for (const each of this.#viewers) each.say(event, body)
        },
        show: (shown) => {
          for (const each of this.#viewers) if (each !== viewer) each.show(shown)
        },
      })
      this.#viewers.add(viewer)
      socket.once('disconnect', () => {
        this.#viewers.delete(viewer)
        viewer.close()
        socket.conn.close()
      })
      const newest = this.#newest()
      if (newest) viewer.enqueue(newest.id, { news: true, facts: false, file: false })
    })
  }

  close(): void {
    this.#io?.engine.close()
    this.#release()
  }

  /** Every picture, as pages of the second tutorial ask for when they come. */
  #all(viewer: ClassicOutbox): void {
    for (const picture of this.#known.values())
      if (this.#shown(picture)) viewer.enqueue(picture.id, { news: false, facts: true, file: true })
  }

  #newest(): ImageRecord | undefined {
    let newest: ImageRecord | undefined
    for (const picture of this.#known.values()) {
      if (picture.deletedAt !== null || !sentBlobOf(picture)) continue
      if (!newest || picture.createdAt >= newest.createdAt) newest = picture
    }
    return newest
  }

  /** The picture, if viewers should see it: on the board, and stored or one of their placeholders. */
  #shown(picture: ImageRecord | undefined): ImageRecord | undefined {
    if (!picture || picture.deletedAt !== null) return undefined
    const isThere = picture.blob !== null || this.placeholders.waits(picture.id)
    return isThere ? picture : undefined
  }

  #hear(batch: Batch | null): void {
    const { records } = this.board
    const ids = batch
      ? batch.changes.map((change) => ('put' in change ? change.put.id : change.gone))
      : new Set([...this.#known.keys(), ...records.keys()])
    for (const id of ids) {
      const record = records.get(id)
      if (record?.kind !== 'board') this.#changed(id, record)
    }
  }

  #changed(id: string, now: ImageRecord | undefined): void {
    const before = this.#known.get(id)
    const due = dueOf(before, this.#shown(before) !== undefined, this.#shown(now))
    if (now) this.#known.set(id, now)
    else this.#known.delete(id)
    if (!now) this.placeholders.gone(id)
    else if (now.blob !== null) this.placeholders.filled(id)
    if (due) for (const viewer of this.#viewers) viewer.enqueue(id, due)
  }
}

/** What viewers are to be sent of a change; null for nothing. Of one that is gone, that it is. */
function dueOf(
  before: ImageRecord | undefined,
  wasShown: boolean,
  now: ImageRecord | undefined,
): Pending | null {
  if (!now) return wasShown ? { news: false, facts: false, file: false } : null
  const key = sentBlobOf(now)?.key
  const isOther = key !== sentBlobOf(before)?.key
  const news = key !== undefined && isOther
  const file = key !== undefined && (isOther || !wasShown)
  const facts = file || !wasShown || FACTS.some((fact) => now[fact] !== before?.[fact])
  return facts ? { news, facts, file } : null
}

/** What `Photo:update` says of a picture. */
const FACTS = ['name', 'author', 'x', 'y'] as const
