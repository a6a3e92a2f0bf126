import type { IncomingMessage } from 'node:http'
import { NODE_PATH } from './link-bus.ts'
import { type NodeProofs, SENDER_HEADER } from './node-proofs.ts'

/** Below this path servers ask each other. */
export const NODE_REQUESTS_PATH = `${NODE_PATH}/`

const SENDER = /^(\S+) (https?)$/

/** The client whose request another server passes on. */
export interface PassedOnSender {
  readonly address: string
  /** Whether it was sent by https. */
  readonly isSecure: boolean
}

/** Returns the header that names the client of a request. */
export const senderHeader = ({ address, isSecure }: PassedOnSender): string =>
  `${address} ${isSecure ? 'https' : 'http'}`

/** A request of another server, which has proved that it is one. */
interface NodeRequest {
  /** The id of that server. */
  readonly from: string
  /** The header by which this server proves itself. */
  readonly answer: string
  /** The client whose request it is; null for the server's own. */
  readonly sender: PassedOnSender | null
}

/** Tells the requests of other servers from all others. Without proofs there are none. */
export class NodeRequests {
  readonly #proofs: NodeProofs | null
  /** A proof counts once, and a request is looked at by many. */
  readonly #known = new WeakMap<IncomingMessage, NodeRequest | null>()

  constructor(proofs: NodeProofs | null) {
    this.#proofs = proofs
  }

  /** Returns what another server has proved of its request; null for anybody else's. */
  of(request: IncomingMessage): NodeRequest | null {
    const known = this.#known.get(request)
    if (known !== undefined) return known
    const found = this.#look(request)
    this.#known.set(request, found)
    return found
  }

  #look({ method = '', url = '', headers }: IncomingMessage): NodeRequest | null {
    const sender = String(headers[SENDER_HEADER] ?? '')
    const proved = this.#proofs?.check(headers, { method, path: url, sender })
    if (!proved) return null
    const [, address, scheme] = SENDER.exec(sender) ?? []
    const isSecure = scheme === 'https'
    return { ...proved, sender: address === undefined ? null : { address, isSecure } }
  }
}
