import { type IncomingMessage, type RequestListener, Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { WireError } from '@wirephoto/board'
import type { LoopTurns } from '../fairness/loop-turns.ts'
import type { Party } from '../fairness/party.ts'
import { withoutBasePath } from '../public-url.ts'
import { expectContinue } from './body.ts'
import { answerAndClose, type Connections } from './connections.ts'
import type { RequestTurns } from './request-turns.ts'
import type { SlowClients } from './slow-clients.ts'

/** An upload may take hours, but not stand still for long. */
const CONNECTION_IDLE_TIMEOUT_MS = 120_000
const HEADERS_TIMEOUT_MS = 30_000
/** Listeners to one response, from which on a leak is reported. */
const LISTENERS_COUNT = 20
/** How often connections are looked at whose headers aren't complete. */
const HEADERS_CHECK_INTERVAL_MS = 10_000

/** Methods whose requests have no body that anybody reads. */
const READING_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

interface HttpServerOptions {
  readonly connections: Connections
  readonly turns: RequestTurns
  readonly slowClients: SlowClients
  /** Time for the headers of a request. For tests. */
  readonly headersTimeoutMs?: number
  readonly loopTurns: LoopTurns
  /** Returns for whom a request is answered. */
  readonly partyOf: (request: IncomingMessage) => Party
  /** The path of the public URL. */
  readonly basePath: string
}

/** Makes a server without a time limit for whole requests, since uploads are long. Silence ends a connection. */
export function createHttpServer(handle: RequestListener, options: HttpServerOptions): Server {
  const server = new BoundedServer(options)
  server.on('request', (request, response) => {
    overrideMethod(request)
    handle(request, response)
  })
  server.timeout = CONNECTION_IDLE_TIMEOUT_MS
  server.on('checkContinue', (request, response) => {
    expectContinue(request, response)
    server.emit('request', request, response)
  })
  return server
}

/** Bounds connections and requests, and removes the base path, before anybody hears of them, Socket.IO too. */
class BoundedServer extends Server {
  readonly #connections: Connections
  readonly #turns: RequestTurns
  readonly #slowClients: SlowClients
  readonly #loopTurns: LoopTurns
  readonly #partyOf: HttpServerOptions['partyOf']
  readonly #basePath: string

  constructor(options: HttpServerOptions) {
    const { connections, turns, slowClients, headersTimeoutMs, loopTurns, partyOf, basePath } =
      options
    const headersTimeout = headersTimeoutMs ?? HEADERS_TIMEOUT_MS
    super({
      requestTimeout: 0,
      headersTimeout,
      connectionsCheckingInterval: Math.min(headersTimeout, HEADERS_CHECK_INTERVAL_MS),
      shouldUpgradeCallback: isWebSocket,
    })
    this.#connections = connections
    this.#turns = turns
    this.#slowClients = slowClients
    this.#loopTurns = loopTurns
    this.#partyOf = partyOf
    this.#basePath = basePath
  }

  override emit(event: string, ...args: unknown[]): boolean {
    if (event === 'connection' && !this.#connections.admit(args[0] as Socket)) return true
    if (event !== 'request' && event !== 'upgrade') return super.emit(event, ...args)
    const [request, response] = args as [IncomingMessage, ServerResponse]
    request.url = withoutBasePath(request.url ?? '/', this.#basePath)
    if (event === 'upgrade') {
      const socket = args[1] as Socket
      // A websocket that came to somebody else's server is counted from here on.
      if (!this.#connections.has(socket) && !this.#connections.admit(socket)) return true
      return super.emit(event, ...args)
    }
    this.#turns.take(request, response, () => this.#await(request, response))
    return true
  }

  /** Serves a request when its party has a turn on this thread (N9). */
  #await(request: IncomingMessage, response: ServerResponse): void {
    const party = this.#partyOf(request)
    const begin = (work: Disposable) => {
      response.once('close', () => work[Symbol.dispose]())
      // Its client may have gone meanwhile.
      if (response.destroyed) return work[Symbol.dispose]()
      // Every part that follows a request waits for its end.
      response.setMaxListeners(LISTENERS_COUNT)
      this.#slowClients.watch(request, response)
      if (!READING_METHODS.has(request.method!)) {
        const unwatch = this.#loopTurns.watchBody(party, () => request.socket.bytesRead)
        response.once('close', unwatch)
      }
      super.emit('request', request, response)
    }
    const giveWay = () => answerAndClose(request.socket, new WireError('busy'))
    this.#loopTurns.take(party, 1, begin, giveWay)
  }
}

/**
 * Takes an upload's method from a header, for senders that have no PATCH (tus): "If the
 * X-HTTP-Method-Override header is present, the Server MUST interpret its value as the request's method".
 */
function overrideMethod(request: IncomingMessage): void {
  const method = request.headers['x-http-method-override']
  if (request.method !== 'POST' || !/\/uploads\//.test(request.url ?? '')) return
  if (method === 'PATCH' || method === 'DELETE' || method === 'HEAD') request.method = method
}

/** Returns whether to upgrade. Offers of HTTP/2 are ignored (RFC 9110 section 7.8). */
export const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket'
