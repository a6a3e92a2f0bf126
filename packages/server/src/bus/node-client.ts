import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import {
  ANSWER_HEADER,
  isSame,
  type NodeProofs,
  PROOF_HEADER,
  SENDER_HEADER,
} from './node-proofs.ts'
import type { Peer, ServerDirectory } from './server-directory.ts'

/** Time in which another server takes a connection. It lies in the same network. */
const CONNECT_TIMEOUT_MS = 5_000

/** A request to another server. */
interface NodeAsk {
  readonly method: string
  /** The path below the other server's own, with its query. */
  readonly path: string
  /** The client whose request it is, as `senderHeader` names it. Default: none. */
  readonly sender?: string
  readonly headers?: OutgoingHttpHeaders
  /** Sends the body, and ends the request. Default: there is none. */
  readonly send?: (request: ClientRequest) => void
  /** Breaks the request off. */
  readonly signal: AbortSignal
}

/** Asks other servers of the engine, by HTTP. */
export class NodeClient implements Disposable {
  readonly #directory: ServerDirectory
  readonly #proofs: NodeProofs
  readonly #agents = {
    http: new HttpAgent({ keepAlive: true }),
    https: new HttpsAgent({ keepAlive: true }),
  }
  readonly #inFlight = new Map<ClientRequest, string>()

  constructor({
    directory,
    proofs,
  }: { readonly directory: ServerDirectory; readonly proofs: NodeProofs }) {
    this.#directory = directory
    this.#proofs = proofs
    directory.onRead(() => this.#leaveDead())
  }

  get peers(): Peer[] {
    return this.#directory.peers
  }

  /** Returns a server that lives; null for one that is dead, or was never here. */
  find(server: string): Peer | null {
    return this.#directory.find(server)
  }

  /**
   * Asks another server. Resolves when the head of its answer is here. Rejects if it isn't reached, dies, or doesn't prove that
   * it is the one.
   */
  ask(
    peer: Peer,
    { method, path, sender, headers, send, signal }: NodeAsk,
  ): Promise<IncomingMessage> {
    const base = new URL(peer.url)
    const isHttps = base.protocol === 'https:'
    const { header, answer } = this.#proofs.prove(peer.id, {
      method,
      path,
      ...(sender && { sender }),
    })
    const request = (isHttps ? requestHttps : requestHttp)({
      host: base.hostname.replace(/[[\]]/g, ''),
      // The name in `Host` is the one that the client asked for.
      servername: base.hostname,
      port: base.port,
      path: base.pathname.replace(/\/$/, '') + path,
      method,
      agent: this.#agents[isHttps ? 'https' : 'http'],
      headers: {
        host: base.host,
        ...headers,
        ...(sender && { [SENDER_HEADER]: sender }),
        [PROOF_HEADER]: header,
      },
      signal,
    })
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    this.#inFlight.set(request, peer.id)
    const timer = setTimeout(() => {
      if (request.socket?.connecting !== false)
        request.destroy(new Error(`${peer.url} isn't reached`))
    }, CONNECT_TIMEOUT_MS)
    request.once('close', () => {
      clearTimeout(timer)
      this.#inFlight.delete(request)
      reject(new Error(`${peer.url} doesn't answer`))
    })
    request.on('error', reject)
    request.once('response', (response) => {
      const given = response.headers[ANSWER_HEADER]
      if (typeof given === 'string' && isSame(given, answer)) return resolve(response)
      request.destroy(new Error(`Another server is at ${peer.url}`))
    })
    if (send) send(request)
    else request.end()
    return promise
  }

  [Symbol.dispose](): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }

  /** Breaks off what dead servers are asked: their connections may stay open for long. */
  #leaveDead(): void {
    for (const [request, server] of this.#inFlight)
      if (!this.find(server)) request.destroy(new Error('The other server is silent'))
  }
}
