import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  type Command,
  type CommandAnswer,
  type FollowAnswer,
  type Snapshot,
  uuidv7,
  WIRE_VERSION,
} from '@wirephoto/board'
import { io, type Socket } from 'socket.io-client'

/** Something that a server has sent. */
interface Received {
  readonly event: string
  /** The body, if it is JSON; else the id and the bytes of a picture. */
  readonly body: Record<string, unknown>
}

/** A page that keeps all that its server sends, in order. */
export class BoardWatcher {
  readonly received: Received[] = []
  readonly #socket: Socket
  readonly #clientId = uuidv7(Date.now(), randomBytes(10))
  #nextNumber = 1
  #wake = () => {}
  /** Its public id. */
  visitor = ''
  /** The reason that the server gave when it closed the socket. */
  bye: string | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    // How long a message takes is measured by the page's answer.
    socket.on('echo', (answer: () => void) => answer())
    socket.onAny((event: string, first: unknown, bytes?: Buffer) => {
      // The event `build` names the page that the server has now, by a bare string.
      if (event === 'echo' || event === 'build') return
      const body = bytes === undefined ? JSON.parse(String(first)) : { id: String(first), bytes }
      if (event === 'bye') this.bye = body.error?.code ?? ''
      this.received.push({ event, body })
      this.#wake()
    })
  }

  /** Follows a board from its newest state. */
  static async open(origin: string, board: string, token?: string): Promise<BoardWatcher> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const asked = await fetch(`${origin}/api/boards/${board}/snapshot`, { headers })
    const { cursor } = (await asked.json()) as Snapshot
    const socket = io(origin, {
      path: '/live',
      transports: ['websocket'],
      auth: { board, wire: WIRE_VERSION },
      extraHeaders: headers,
      reconnection: false,
      forceNew: true,
    })
    const watcher = new BoardWatcher(socket)
    await once(socket as never, 'connect')
    const followed = (await socket.emitWithAck('follow', { cursor })) as FollowAnswer
    if (!followed.resumed) throw new Error('The watcher came too late')
    watcher.visitor = followed.visitor
    return watcher
  }

  /** Resolves to the body of the first event that fits, also one that has come before. */
  async next(
    event: string,
    fits: (body: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.received.find((each) => each.event === event && fits(each.body))
      if (found) return found.body
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** Whether an event that fits has come. */
  has(event: string, fits: (body: Record<string, unknown>) => boolean = () => true): boolean {
    return this.received.some((each) => each.event === event && fits(each.body))
  }

  forget(): void {
    this.received.length = 0
  }

  /** Sends an event that has no answer. */
  emit(event: string, body: object): void {
    this.#socket.emit(event, body)
  }

  async send(...commands: Command[]): Promise<CommandAnswer> {
    const message = { client: this.#clientId, n: this.#nextNumber, commands }
    this.#nextNumber += commands.length
    return (await this.#socket.emitWithAck('commands', message)) as CommandAnswer
  }

  async sendPreview(id: string, bytes: Buffer): Promise<void> {
    await this.#socket.emitWithAck('previews', { [id]: bytes })
  }

  close(): void {
    this.#socket.disconnect()
  }
}
