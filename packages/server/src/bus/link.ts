import type { WebSocket } from 'ws'
import * as z from 'zod/mini'
import { EVERY_BOARD } from './bus.ts'
import { type Addressed, decodeMessage } from './message.ts'
import { Outflow } from './outflow.ts'

const PING_INTERVAL_MS = 3_000
/** Time without a sign of life after which the connection is dead. */
const SILENCE_MS = 10_000
/** Boards in one message, and those that another server may follow. */
const BOARDS_PER_MESSAGE_COUNT = 1_000
const FOLLOWED_COUNT = 100_000

const boards = z
  .array(z.string().check(z.maxLength(128)))
  .check(z.maxLength(BOARDS_PER_MESSAGE_COUNT))
/** The boards that the other server follows from here on, and those that it leaves. */
const News = z.object({ follow: z.optional(boards), leave: z.optional(boards) })
type News = z.infer<typeof News>

interface Options {
  /** The id of the other server. */
  readonly peer: string
  readonly receive: (addressed: Addressed) => void
  readonly onClose: () => void
}

/** The connection to another server. */
export class Link {
  readonly #socket: WebSocket
  readonly #options: Options
  readonly #outflow: Outflow
  /** The boards that the other server follows. */
  readonly #followed = new Set([EVERY_BOARD])
  readonly #timer: NodeJS.Timeout
  #heardAt = performance.now()

  /** Takes over a websocket between two servers that have proved who they are. */
  constructor(socket: WebSocket, options: Options) {
    this.#socket = socket
    this.#options = options
    this.#outflow = new Outflow((bytes) => this.#send(bytes))
    socket.on('message', (data, isBinary) => {
      this.#heardAt = performance.now()
      const bytes = data as Buffer
      if (isBinary) this.#receive(bytes)
      else this.#hear(bytes)
    })
    socket.on('pong', () => {
      this.#heardAt = performance.now()
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      clearInterval(this.#timer)
      this.#outflow.close()
      options.onClose()
    })
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heardAt > SILENCE_MS) socket.terminate()
      else socket.ping()
    }, PING_INTERVAL_MS).unref()
  }

  /** Sends a message, if the other server follows its board. */
  send(addressed: Addressed): void {
    if (this.#followed.has(addressed.board)) this.#outflow.add(addressed)
  }

  /** Tells the other server which boards this one follows. */
  tell({ follow = [], leave = [] }: News): void {
    for (let at = 0; at < follow.length; at += BOARDS_PER_MESSAGE_COUNT)
      this.#tell({ follow: follow.slice(at, at + BOARDS_PER_MESSAGE_COUNT) })
    if (leave.length > 0) this.#tell({ leave })
  }

  close(): void {
    this.#socket.terminate()
  }

  #tell(news: News): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(news))
  }

  #send(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.send(bytes, () => resolve()))
  }

  /** Takes a message. Whatever the other server says, it is from that server. */
  #receive(bytes: Buffer): void {
    const addressed = decodeMessage(bytes)
    if (addressed) this.#options.receive({ ...addressed, from: this.#options.peer })
  }

  #hear(bytes: Buffer): void {
    const { follow = [], leave = [] } = newsOf(bytes.toString()) ?? {}
    for (const board of follow) if (this.#followed.size < FOLLOWED_COUNT) this.#followed.add(board)
    for (const board of leave) this.#followed.delete(board)
  }
}

function newsOf(text: string): News | null {
  try {
    return News.parse(JSON.parse(text))
  } catch {
    return null
  }
}
