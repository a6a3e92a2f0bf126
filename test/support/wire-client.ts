import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  type Arrivals,
  type Batch,
  type Command,
  type CommandAnswer,
  type CommandMessage,
  type Cursor,
  type FollowAnswer,
  type ImageRecord,
  type SenderPreviews,
  type Snapshot,
  uuidv7,
  WIRE_VERSION,
} from '@wirephoto/board'
import { io, type Socket } from 'socket.io-client'

/** A client that speaks the wire protocol itself: it sees every batch, and may send any message. */
export class WireClient {
  readonly batches: Batch[] = []
  /** The latest preview of each picture, WebP. */
  readonly previews = new Map<string, Buffer>()
  /** The latest news of each picture on its way; null when it is no longer. */
  readonly arrivals = new Map<string, Arrivals[string]>()
  readonly #url: string
  readonly #socket: Socket
  readonly #clientId = uuidv7(Date.now(), randomBytes(10))
  #nextNumber = 1
  #onBatch = () => {}
  #onPreview = () => {}

  private constructor(url: string, socket: Socket) {
    this.#url = url
    this.#socket = socket
    socket.on('changes', (text: string) => {
      this.batches.push(JSON.parse(text) as Batch)
      this.#onBatch()
    })
    socket.on('arrivals', (text: string) => {
      const news = JSON.parse(text) as Arrivals
      for (const [id, state] of Object.entries(news)) this.arrivals.set(id, state)
    })
    socket.on('preview', (id: string, bytes: Buffer) => {
      this.previews.set(id, bytes)
      this.#onPreview()
    })
  }

  /** Follows from the cursor; without one, from a snapshot. The token is a bearer's. */
  static async connect(
    origin: string,
    board: string,
    from?: Cursor,
    token?: string,
  ): Promise<WireClient> {
    const socket = io(origin, {
      path: '/live',
      transports: ['websocket'],
      auth: { board, wire: WIRE_VERSION },
      extraHeaders: token === undefined ? {} : { authorization: `Bearer ${token}` },
      forceNew: true,
    })
    const wireClient = new WireClient(`${origin}/api/boards/${board}`, socket)
    await once(socket as never, 'connect')
    const cursor = from ?? (await wireClient.snapshot()).cursor
    const followed = (await socket.emitWithAck('follow', { cursor })) as FollowAnswer
    if (!followed.resumed) throw new Error('The witness came too late')
    return wireClient
  }

  /** Resolves when a matching batch has come. */
  async waitForBatch(fits: (batch: Batch) => boolean): Promise<void> {
    while (!this.batches.some(fits))
      await new Promise<void>((resolve) => {
        this.#onBatch = resolve
      })
  }

  /** Resolves to a picture's preview, when it has come. */
  async waitForPreview(id: string): Promise<Buffer> {
    while (!this.previews.has(id))
      await new Promise<void>((resolve) => {
        this.#onPreview = resolve
      })
    return this.previews.get(id)!
  }

  /** Resolves to the batch that ends at the cursor, when it has come. */
  async waitForCursor(cursor: Cursor): Promise<Batch> {
    await this.waitForBatch(({ to }) => to === cursor)
    return this.batches.find(({ to }) => to === cursor)!
  }

  /**
   * Returns the batches from one cursor to another, each starting where the one before ends. Throws
   * at a gap.
   */
  chain(from: Cursor, to: Cursor): Batch[] {
    const chain: Batch[] = []
    for (let at = from; at !== to; ) {
      const next = this.batches.find((batch) => batch.from === at)
      if (!next) throw new Error(`no batch goes on from ${at}`)
      chain.push(next)
      at = next.to
    }
    return chain
  }

  async snapshot(): Promise<Snapshot> {
    return (await fetch(`${this.#url}/snapshot`)).json() as Promise<Snapshot>
  }

  /** Returns the server's pictures, also those in the trash. */
  async pictures(): Promise<ImageRecord[]> {
    const { records } = await this.snapshot()
    return records.filter((record) => record.kind === 'image')
  }

  async send(...commands: Command[]): Promise<CommandAnswer> {
    const message = { client: this.#clientId, n: this.#nextNumber, commands }
    this.#nextNumber += commands.length
    return this.sendMessage(message)
  }

  /** Sends a message unchanged, whatever its number. */
  async sendMessage(message: CommandMessage): Promise<CommandAnswer> {
    return (await this.#socket.emitWithAck('commands', message)) as CommandAnswer
  }

  /** Sends previews of pictures that this visitor has added. */
  async sendPreviews(previews: SenderPreviews): Promise<void> {
    await this.#socket.emitWithAck('previews', previews)
  }

  /** Sets the name that others see. */
  setName(name: string): void {
    this.#socket.emit('presence', { name, cursor: null, selection: [], drag: null })
  }

  close(): void {
    this.#socket.close()
  }
}
