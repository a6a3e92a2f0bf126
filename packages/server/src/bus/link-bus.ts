import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyBaseLogger } from 'fastify'
import { WebSocket, WebSocketServer } from 'ws'
import { type Bus, type BusState, type Receive, Subscriptions } from './bus.ts'
import { Link } from './link.ts'
import { type BusMessage, MESSAGE_BYTES } from './message.ts'
import { ANSWER_HEADER, isSame, type NodeProofs, PROOF_HEADER } from './node-proofs.ts'
import type { Peer, ServerDirectory } from './server-directory.ts'

/** The path of the websockets between servers. */
export const NODE_PATH = '/node'
const HANDSHAKE_TIMEOUT_MS = 5_000
const FIRST_RETRY_MS = 250
const MAX_RETRY_MS = 5_000
/** Frames aren't compressed: pictures are, and the rest is small. */
const SOCKET_OPTIONS = { maxPayload: MESSAGE_BYTES, perMessageDeflate: false } as const

interface Options {
  readonly directory: ServerDirectory
  readonly proofs: NodeProofs
  /** The id of this server. */
  readonly server: string
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>
}

/** A try to reach another server. */
interface Dial {
  readonly url: string
  tries: number
  /** When the next one may begin, on the clock of `performance.now()`. */
  nextAt: number
  isUnderWay: boolean
}

/**
 * A bus over one websocket for each pair of servers. The server whose id comes first connects. Each proves to the
 * other that it belongs to the same engine, before anything is sent. A server gets the messages of those boards alone
 * that it follows.
 */
export class LinkBus implements Bus {
  readonly #options: Options
  readonly #links = new Map<string, Link>()
  readonly #dials = new Map<string, Dial>()
  readonly #onPeer: (() => void)[] = []
  readonly #websockets = new WebSocketServer({ noServer: true, ...SOCKET_OPTIONS })
  readonly #subscriptions = new Subscriptions(
    (board) => this.#tellAll({ follow: [board] }),
    (board) => this.#tellAll({ leave: [board] }),
  )
  readonly #timer: NodeJS.Timeout
  #isClosed = false

  constructor(options: Options) {
    this.#options = options
    this.#websockets.on('headers', (headers: string[], request: IncomingMessage) => {
      const proved = this.#proved.get(request)
      if (proved) headers.push(`${ANSWER_HEADER}: ${proved.answer}`)
    })
    options.directory.onRead(() => this.#dialAll())
    this.#timer = setInterval(() => this.#dialAll(), FIRST_RETRY_MS).unref()
    this.#dialAll()
  }

  /** Requests of servers that have proved it. */
  readonly #proved = new WeakMap<IncomingMessage, { from: string; answer: string }>()

  get state(): BusState {
    const missing = this.#options.directory.peers.filter(({ id }) => !this.#links.has(id))
    const urls = missing.map(({ url }) => url).join(', ')
    const problem = `The server ${urls} isn't reached from here. What is on its way is seen by those on the same server alone; see whether it runs, and its --node-url.`
    return { kind: 'links', problem: missing.length > 0 ? problem : null }
  }

  publish(board: string, message: BusMessage): void {
    const addressed = { board, from: this.#options.server, message }
    for (const link of this.#links.values()) link.send(addressed)
  }

  subscribe(board: string, receive: Receive): () => void {
    return this.#subscriptions.add(board, receive)
  }

  onPeer(listener: () => void): void {
    this.#onPeer.push(listener)
  }

  /** Takes the websockets of other servers that come to this one, and refuses all others at their address. */
  listen(http: HttpServer): void {
    http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const { url = '/', headers } = request
      if (url !== NODE_PATH) return
      const proved = this.#options.proofs.check(headers, { method: 'GET', path: NODE_PATH })
      if (!proved || this.#isClosed) {
        socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
        return
      }
      this.#proved.set(request, proved)
      this.#websockets.handleUpgrade(request, socket, head, (websocket) =>
        this.#open(proved.from, websocket),
      )
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const link of this.#links.values()) link.close()
    this.#websockets.close()
  }

  /** Connects to the servers that this one has no link to, each when its turn has come. */
  #dialAll(): void {
    if (this.#isClosed) return
    const { directory, server } = this.#options
    const peers = directory.peers
    for (const id of this.#dials.keys())
      if (!peers.some((peer) => peer.id === id)) this.#dials.delete(id)
    for (const peer of peers) {
      if (this.#links.has(peer.id) || server > peer.id) continue
      const known = this.#dials.get(peer.id)
      const isNew = known?.url !== peer.url
      const dial = isNew ? { url: peer.url, tries: 0, nextAt: 0, isUnderWay: false } : known
      this.#dials.set(peer.id, dial)
      if (!dial.isUnderWay && performance.now() >= dial.nextAt) this.#dial(peer, dial)
    }
  }

  #dial(peer: Peer, dial: Dial): void {
    const { header, answer } = this.#options.proofs.prove(peer.id, {
      method: 'GET',
      path: NODE_PATH,
    })
    dial.isUnderWay = true
    dial.nextAt = performance.now() + Math.min(FIRST_RETRY_MS * 2 ** dial.tries++, MAX_RETRY_MS)
    const socket = new WebSocket(`${peer.url.replace(/^http/, 'ws')}${NODE_PATH}`, {
      ...SOCKET_OPTIONS,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      followRedirects: false,
      headers: { [PROOF_HEADER]: header },
    })
    let isProved = false
    socket.once('upgrade', ({ headers }) => {
      const given = headers[ANSWER_HEADER]
      isProved = typeof given === 'string' && isSame(given, answer)
    })
    socket.once('open', () => {
      if (!isProved) {
        this.#options.log.warn({ url: peer.url }, 'another server has this address')
        return socket.terminate()
      }
      dial.tries = 0
      this.#open(peer.id, socket)
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      dial.isUnderWay = false
    })
  }

  #open(peer: string, socket: WebSocket): void {
    if (this.#isClosed) return socket.terminate()
    // A server that has started again connects before its old connection is found dead.
    this.#links.get(peer)?.close()
    const link = new Link(socket, {
      peer,
      receive: ({ board, message }) => this.#subscriptions.deliver(board, message, peer),
      onClose: () => {
        if (this.#links.get(peer) === link) this.#links.delete(peer)
      },
    })
    this.#links.set(peer, link)
    link.tell({ follow: this.#subscriptions.boards })
    for (const listener of this.#onPeer) listener()
  }

  #tellAll(news: Parameters<Link['tell']>[0]): void {
    for (const link of this.#links.values()) link.tell(news)
  }
}
