import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/** An answer in the gateway's own words. */
export interface GatewayAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
}

/** The fate of websockets at a gateway. */
export type UpgradeFate =
  /** It lets them through. */
  | 'pass'
  /** It answers in its own words. */
  | 'refuse'
  /** It takes the connection and never answers. */
  | 'hang'
  /** It lets the handshake through, and nothing after it. */
  | 'swallow'

/** An HTTP gateway before a server on this machine, which may answer requests in the server's place. */
export class Gateway {
  /** Returns an answer of the gateway's own, or `reset` for none; null to pass the request on. */
  answer: (request: IncomingMessage) => GatewayAnswer | 'reset' | null = () => null
  /** The fate of websockets that open from now on. */
  upgrades: UpgradeFate = 'pass'
  /** The status in which it refuses websockets. */
  refusalStatus = 403
  /** Loses the answer to the next request for which this returns true, after the server has given it. */
  losesAnswer: (request: IncomingMessage) => boolean = () => false
  /** Returns a promise for which an answer of the server waits, or nothing. */
  holdsAnswer: (request: IncomingMessage) => Promise<void> | undefined = () => undefined
  /** Keeps each body back until it has all of it, as nginx does unless it is told otherwise. */
  isBuffering = false
  /** Websockets that have asked to open. */
  upgradeCount = 0
  readonly #websockets = new Set<Duplex>()
  /** The requests that the gateway has answered itself: method and path. */
  readonly answered: string[] = []
  readonly #server: Server
  readonly #target: number

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    server.on('request', (request, response) => this.#onRequest(request, response))
    server.on('upgrade', (request, near) => {
      this.upgradeCount++
      near.on('error', () => {})
      if (this.upgrades === 'hang') return this.#keep(near)
      if (this.upgrades === 'refuse')
        return void near.end(`HTTP/1.1 ${this.refusalStatus} No\r\nContent-Length: 0\r\n\r\n`)
      const far = connect({ port: target, host: '127.0.0.1' })
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        socket.on('error', () => other.destroy())
        socket.on('close', () => other.destroy())
      }
      const { rawHeaders } = request
      const lines = rawHeaders.flatMap((name, i) =>
        i % 2 ? [] : [`${name}: ${rawHeaders[i + 1]}`],
      )
      far.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
      this.#keep(near)
      if (this.upgrades === 'pass') return void near.pipe(far).pipe(near)
      far.once('data', (chunk: Buffer) => {
        near.write(chunk.subarray(0, chunk.indexOf('\r\n\r\n') + 4))
        far.resume()
      })
    })
  }

  /** Cuts all websockets. */
  cutWebsockets(): void {
    for (const socket of this.#websockets) socket.destroy()
  }

  #keep(socket: Duplex): void {
    this.#websockets.add(socket)
    socket.once('close', () => this.#websockets.delete(socket))
  }

  static async open(target: number): Promise<Gateway> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Gateway(server, target)
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async close(): Promise<void> {
    this.cutWebsockets()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const own = this.answer(request)
    if (own) {
      this.answered.push(`${request.method} ${request.url}`)
      if (own === 'reset') {
        request.socket.resetAndDestroy()
        return
      }
      request.resume()
      response.writeHead(own.status, { 'content-type': 'text/html', ...own.headers }).end(own.body)
      return
    }
    const { method, url, headers } = request
    const passed = requestOf(
      { port: this.#target, host: '127.0.0.1', method, path: url, headers },
      (answer) => void this.#passOn(request, answer, response),
    )
    passed.on('error', () => response.destroy())
    response.on('close', () => passed.destroy())
    if (this.isBuffering)
      buffer(request).then(
        (body) => passed.end(body),
        () => passed.destroy(),
      )
    else request.pipe(passed)
  }

  async #passOn(
    request: IncomingMessage,
    answer: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    await this.holdsAnswer(request)
    if (this.losesAnswer(request)) {
      this.losesAnswer = () => false
      response.destroy()
      return
    }
    response.writeHead(answer.statusCode!, answer.headers)
    answer.pipe(response)
  }
}
