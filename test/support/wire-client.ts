import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  type Batch,
  type Command,
  type CommandAnswer,
  type CommandMessage,
  type Cursor,
  type FollowAnswer,
  type ImageRecord,
  type Snapshot,
  uuidv7,
  WIRE_VERSION,
} from '@wirephoto/board'
import { io, type Socket } from 'socket.io-client'

/** Somebody on a board who speaks the wire itself, sees every batch and can ask for anything. */
export class Witness {
  readonly batches: Batch[] = []
  readonly #url: string
  readonly #socket: Socket
  readonly #client = uuidv7(Date.now(), randomBytes(10))
  #n = 1
  #heard = () => {}

  private constructor(url: string, socket: Socket) {
    this.#url = url
    this.#socket = socket
    socket.on('changes', (text: string) => {
      this.batches.push(JSON.parse(text) as Batch)
      this.#heard()
    })
  }

  /** Follows from that cursor on; without one, from a snapshot. */
  static async follow(origin: string, board: string, from?: Cursor): Promise<Witness> {
    const socket = io(origin, {
      path: '/live',
      transports: ['websocket'],
      auth: { board, wire: WIRE_VERSION },
      forceNew: true,
    })
    const witness = new Witness(`${origin}/api/boards/${board}`, socket)
    await once(socket as never, 'connect')
    const cursor = from ?? (await witness.snapshot()).cursor
    const followed = (await socket.emitWithAck('follow', { cursor })) as FollowAnswer
    if (!followed.resumed) throw new Error('The witness came too late')
    return witness
  }

  /** Resolves when a batch that fits has come. */
  async heard(fits: (batch: Batch) => boolean): Promise<void> {
    while (!this.batches.some(fits))
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
  }

  /** Resolves when a batch ends at that cursor. */
  async reached(cursor: Cursor): Promise<Batch> {
    await this.heard(({ to }) => to === cursor)
    return this.batches.find(({ to }) => to === cursor)!
  }

  /** The batches from one cursor to another, each starting where the one before ends; throws when there is a gap. */
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

  /** The pictures that the server has, trashed ones too. */
  async pictures(): Promise<ImageRecord[]> {
    const { records } = await this.snapshot()
    return records.filter((record) => record.kind === 'image')
  }

  async ask(...commands: Command[]): Promise<CommandAnswer> {
    const message = { client: this.#client, n: this.#n, commands }
    this.#n += commands.length
    return this.send(message)
  }

  /** A message as it is, under whatever number. */
  async send(message: CommandMessage): Promise<CommandAnswer> {
    return (await this.#socket.emitWithAck('commands', message)) as CommandAnswer
  }

  close(): void {
    this.#socket.close()
  }
}
