import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http, { Agent, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import {
  type Batch,
  type Command,
  type CommandAnswer,
  type CommandMessage,
  type ErrorBody,
  limits,
  type Snapshot,
  uuidv7,
  WIRE_VERSION,
} from '@wirephoto/board'
import { WebSocket } from 'ws'

/** Counts what all clients together have received. */
export class Tally {
  /** `changes` messages. */
  batches = 0
  /** `preview` messages, their frames' bytes, and the bytes of pictures in them. */
  previewCount = 0
  previewFrameBytes = 0
  previewBytes = 0
  /** All events, without answers and pings. */
  messages = 0
  bytes = 0
  #waits: { isSo: () => boolean; resolve: () => void } | null = null

  count(bytes: number, isBatch: boolean): void {
    this.#add(bytes)
    if (isBatch) this.batches++
    if (this.#waits?.isSo()) this.#waits.resolve()
  }

  countPush(head: number, picture: number): void {
    this.#add(head + picture)
    this.previewCount++
    this.previewFrameBytes += frameBytes(head) + frameBytes(picture)
    this.previewBytes += picture
    if (this.#waits?.isSo()) this.#waits.resolve()
  }

  #add(bytes: number): void {
    this.messages++
    this.bytes += bytes
  }

  /** Resolves when that many `changes` messages have come in all. */
  waitForBatches(batches: number): Promise<void> {
    return this.#waitUntil(() => this.batches >= batches)
  }

  /** Resolves when that many previews have come in all. */
  waitForPreviews(pushes: number): Promise<void> {
    return this.#waitUntil(() => this.previewCount >= pushes)
  }

  #waitUntil(isSo: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waits = { isSo, resolve }
    if (isSo()) resolve()
    return promise
  }
}

/** Returns the size of a server's frame with this payload (RFC 6455 section 5.2). */
const frameBytes = (bytes: number): number => bytes + (bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10)

const OPEN = '0'.charCodeAt(0)
const MESSAGE = '4'.charCodeAt(0)
const EVENT = '2'.charCodeAt(0)
const BINARY_EVENT = '5'.charCodeAt(0)
/** The fifth byte of `42["changes"`. */
const CHANGES = 'c'.charCodeAt(0)
/** The event of a server that tells a viewer to take a snapshot. */
const RELOAD = Buffer.from('42["reload"')

/** Settles the promise of an answer. */
interface Waiting {
  readonly resolve: (answer: never) => void
  readonly reject: (error: Error) => void
}

/**
 * A client that handles Socket.IO's frames by hand, because a thousand of them must cost the load
 * generator little. It counts every message, and parses those that have a listener.
 */
export class RawClient {
  /** `changes` messages received. */
  batches = 0
  /** Called with every batch. */
  onBatch: ((batch: Batch) => void) | null = null
  /** Called with every preview. */
  onPreview: ((id: string, bytes: Buffer) => void) | null = null
  readonly #ws: WebSocket
  readonly #tally: Tally
  readonly #answers = new Map<number, Waiting>()
  #isClosed = false
  #requestCount = 0
  /** The header that announced the next binary frame. */
  #previewHeader: Buffer | null = null

  private constructor(ws: WebSocket, tally: Tally) {
    this.#ws = ws
    this.#tally = tally
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.#receivePreview(data)
      else this.#receive(data)
    })
    ws.on('close', () => {
      if (this.#isClosed) return
      for (const { reject } of this.#answers.values())
        reject(new Error('The connection was closed'))
    })
  }

  /** Connects, from an address of this machine. `token` identifies the visitor; without one it is a new one. */
  static async connect(
    port: number,
    tally = new Tally(),
    board = 'main',
    token?: string,
    localAddress?: string,
  ): Promise<RawClient> {
    const url = `ws://127.0.0.1:${port}/live/?EIO=4&transport=websocket`
    const ws = new WebSocket(url, {
      perMessageDeflate: false,
      skipUTF8Validation: true,
      ...(localAddress !== undefined && { localAddress }),
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    })
    const rawClient = new RawClient(ws, tally)
    await once(ws, 'message')
    ws.send(`40${JSON.stringify({ board, wire: WIRE_VERSION })}`)
    const [welcome] = (await once(ws, 'message')) as [Buffer]
    if (!welcome.toString().startsWith('40')) throw new Error(`Refused: ${welcome.toString()}`)
    return rawClient
  }

  /** Connects many viewers that follow from a snapshot on. */
  static async follow(
    count: number,
    port: number,
    { tally, board, cursor }: { tally: Tally; board?: string; cursor: string },
  ): Promise<RawClient[]> {
    const rawClients: RawClient[] = []
    const one = async () => {
      const rawClient = await RawClient.connect(port, tally, board)
      await rawClient.follow(cursor)
      return rawClient
    }
    while (rawClients.length < count)
      rawClients.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(50, count - rawClients.length) }, one),
        )),
      )
    return rawClients
  }

  async follow(cursor: string): Promise<void> {
    const { resumed } = await this.request<{ resumed: boolean }>('follow', { cursor })
    if (!resumed) throw new Error('The viewer could not follow from its snapshot')
  }

  /**
   * Sends an event; resolves to the first argument of its acknowledgement. `previews` go along as
   * attachments.
   */
  request<T>(event: string, body: object, previews?: Readonly<Record<string, Buffer>>): Promise<T> {
    const id = this.#requestCount++
    const answer = Promise.withResolvers<T>()
    this.#answers.set(id, answer)
    if (previews) this.#sendBinary(id, event, previews, (held) => ({ ...body, previews: held }))
    else this.#ws.send(`42${id}${JSON.stringify([event, body])}`)
    return answer.promise
  }

  /** Sends previews as a page does it; resolves to the answer. */
  sendPreviews(previews: Readonly<Record<string, Buffer>>): Promise<object> {
    const id = this.#requestCount++
    const answer = Promise.withResolvers<object>()
    this.#answers.set(id, answer)
    this.#sendBinary(id, 'previews', previews, (held) => held)
    return answer.promise
  }

  #sendBinary(
    id: number,
    event: string,
    previews: Readonly<Record<string, Buffer>>,
    bodyWith: (held: object) => object,
  ): void {
    const names = Object.keys(previews)
    const held = Object.fromEntries(names.map((name, num) => [name, { _placeholder: true, num }]))
    this.#ws.send(`45${names.length}-${id}${JSON.stringify([event, bodyWith(held)])}`)
    for (const name of names) this.#ws.send(previews[name]!)
  }

  /** Sends an event that has no answer. */
  emit(event: string, body: object): void {
    this.#ws.send(`42${JSON.stringify([event, body])}`)
  }

  /** Bytes that the socket has received, with the frames' headers. */
  get receivedBytes(): number {
    return (this.#ws as unknown as { _socket: Socket })._socket.bytesRead
  }

  close(): void {
    this.#isClosed = true
    this.#ws.terminate()
  }

  #receivePreview(bytes: Buffer): void {
    const head = this.#previewHeader!
    this.#previewHeader = null
    this.#tally.countPush(head.length, bytes.length)
    if (!this.onPreview) return
    const event = head.toString()
    const [, id] = JSON.parse(event.slice(event.indexOf('['))) as [string, string]
    this.onPreview(id, bytes)
  }

  #receive(data: Buffer): void {
    if (data[0] === OPEN) return
    if (data[0] === MESSAGE && data[1] === BINARY_EVENT) {
      this.#previewHeader = data
      return
    }
    if (data[0] === MESSAGE && data[1] === EVENT) {
      const isBatch = data[4] === CHANGES
      // It would wait for its changes forever.
      if (!isBatch && data.indexOf(RELOAD) === 0)
        throw new Error('The server lost the place of a viewer')
      if (isBatch) {
        this.batches++
        this.onBatch?.(JSON.parse(JSON.parse(data.toString().slice(2))[1]))
      }
      return this.#tally.count(data.length, isBatch)
    }
    const message = data.toString()
    if (message === '2') this.#ws.send('3')
    const [, id, body] = /^43(\d+)(.*)$/s.exec(message) ?? []
    if (id === undefined) return
    const answer = this.#answers.get(Number(id))
    this.#answers.delete(Number(id))
    answer?.resolve(JSON.parse(body!)[0] as never)
  }
}

/** The pause after the answer `too-many`. */
const RETRY_PAUSE_MS = 50

/**
 * A client's queue as the SDK has it: one message is under way, and what comes meanwhile goes with
 * the next.
 */
export class Writer {
  /** The batch that the last answer named. */
  seq = 0
  readonly #rawClient: RawClient
  readonly #client = uuidv7(Date.now(), randomBytes(10))
  readonly #queue: { command: Command; answered: PromiseWithResolvers<void> }[] = []
  #n = 1
  #sending = false

  constructor(rawClient: RawClient) {
    this.#rawClient = rawClient
  }

  /** Resolves when the command is answered. */
  push(command: Command): Promise<void> {
    const answered = Promise.withResolvers<void>()
    this.#queue.push({ command, answered })
    if (!this.#sending) void this.#send()
    return answered.promise
  }

  async #send(): Promise<void> {
    this.#sending = true
    while (this.#queue.length > 0) {
      const entries = this.#queue.splice(0, limits.commandsPerMessage)
      const commands = entries.map(({ command }) => command)
      const message = { client: this.#client, n: this.#n, commands }
      let answer = await this.#request(message)
      while ('error' in answer && answer.error.code === 'too-many') {
        await setTimeout(RETRY_PAUSE_MS)
        answer = await this.#request(message)
      }
      const wrong = 'error' in answer || answer.refused?.length > 0
      for (const { answered } of entries)
        if (wrong) answered.reject(new Error(`The server said ${JSON.stringify(answer)}`))
        else answered.resolve()
      if (!('error' in answer)) this.seq = answer.seq
      this.#n += commands.length
    }
    this.#sending = false
  }

  #request(message: CommandMessage): Promise<CommandAnswer | ErrorBody> {
    return this.#rawClient.request('commands', message)
  }
}

export async function snapshotOf(port: number, board = 'main'): Promise<Snapshot> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/boards/${board}/snapshot`)
  if (!answer.ok) throw new Error(`The snapshot was answered with ${answer.status}`)
  return (await answer.json()) as Snapshot
}

/** Connections that stay open: a new one for each picture would be the load generator's cost. */
const agent = new Agent({ keepAlive: true })

/** Posts a picture; resolves to its id when it is stored. */
export async function postPicture(port: number, picture: Buffer, board = 'main'): Promise<string> {
  const path = `/api/boards/${board}/images?name=a.jpg`
  return (await send(port, { method: 'POST', path, picture, status: 201 })).id
}

/** Puts a frame to the live slot of a board; resolves when everybody is sent it. */
export async function putFrame(port: number, picture: Buffer, board = 'main'): Promise<void> {
  await send(port, { method: 'PUT', path: `/b/${board}/live/bench`, picture, status: 202 })
}

async function send(
  port: number,
  {
    method,
    path,
    picture,
    status,
  }: { method: string; path: string; picture: Buffer; status: number },
): Promise<{ id: string }> {
  const headers = { 'content-type': 'image/jpeg', 'content-length': picture.length }
  const request = http.request({ host: '127.0.0.1', port, path, method, headers, agent })
  request.end(picture)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const body = await text(response)
  if (response.statusCode !== status)
    throw new Error(`The picture was answered with ${response.statusCode}: ${body}`)
  return JSON.parse(body) as { id: string }
}
