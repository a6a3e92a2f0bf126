import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WireError } from '@wirephoto/board'
import { addressGroup } from './address-group.ts'
import { retryAfterOf } from './retry-after.ts'
import type { TrustedProxies } from './trusted-proxies.ts'

interface ConnectionsOptions {
  /** Connections of all addresses together. */
  readonly max: number
  readonly maxPerAddress: number
  readonly proxies: TrustedProxies
}

/** The open connections of a server, bounded for each address and in all. A proxy's are of many people. */
export class Connections {
  readonly #max: number
  readonly #maxPerAddress: number
  readonly #proxies: TrustedProxies
  readonly #byAddress = new Map<string, number>()
  readonly #counted = new WeakSet<Duplex>()
  /** The requests under way that a trusted proxy or somebody else's server passed on, by their senders' addresses. */
  readonly #requestsByAddress = new Map<string, number>()
  #count = 0
  /** Refused connections whose clients may still be reading why. */
  #lingeringCount = 0

  constructor({ max, maxPerAddress, proxies }: ConnectionsOptions) {
    this.#max = Math.min(max, ...descriptorShare())
    this.#maxPerAddress = Math.min(maxPerAddress, Math.ceil(this.#max / 2))
    this.#proxies = proxies
  }

  /** Counts a connection until it closes. One that is too many is answered in words, and closed: false. */
  admit(socket: Socket): boolean {
    const { remoteAddress } = socket
    const address = this.#proxies.has(remoteAddress) ? null : addressGroup(remoteAddress)
    const counted = address ?? 'proxies'
    if (address !== null && this.#isFull(this.#byAddress, address))
      return this.#refuse(socket, new WireError('too-many'))
    if (this.#count >= this.#max) return this.#refuse(socket, new WireError('busy'))
    this.#count++
    this.#counted.add(socket)
    count(this.#byAddress, counted, 1)
    socket.once('close', () => {
      this.#count--
      count(this.#byAddress, counted, -1)
    })
    return true
  }

  /** Whether the connection itself is counted. Somebody else's server has connections that aren't. */
  has(socket: Duplex): boolean {
    return this.#counted.has(socket)
  }

  /** Counts a request that a trusted proxy or somebody else's server passes on, until it is answered. False if its sender has too many. */
  admitRequest(sender: string, response: ServerResponse): boolean {
    const address = addressGroup(sender)
    if (this.#isFull(this.#requestsByAddress, address)) return false
    count(this.#requestsByAddress, address, 1)
    response.once('close', () => count(this.#requestsByAddress, address, -1))
    return true
  }

  #refuse(socket: Socket, error: WireError): false {
    const lingers = this.#lingeringCount < LINGERING_COUNT
    this.#lingeringCount++
    socket.once('close', () => this.#lingeringCount--)
    answerAndClose(socket, error, lingers ? LINGER_MS : 0)
    return false
  }

  #isFull(counts: ReadonlyMap<string, number>, address: string): boolean {
    return (counts.get(address) ?? 0) >= this.#maxPerAddress
  }
}

function count(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const value = (counts.get(key) ?? 0) + change
  if (value > 0) counts.set(key, value)
  else counts.delete(key)
}

/** A third of the descriptors that this process may open: each connection may read a file, and there is the rest. */
function descriptorShare(): number[] {
  try {
    const [, limit] =
      /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit === undefined ? [] : [Math.max(1, Math.floor(Number(limit) / 3))]
  } catch {
    // Only Linux has this file.
    return []
  }
}

/**
 * Time for which a connection stays open behind an answer that closes it. Bytes of a request that lie there unread would
 * reset it, and its client might never see why.
 */
const LINGER_MS = 1_000
/** Refused connections that stay open for that time; the others close at once. */
const LINGERING_COUNT = 100

/** Answers a connection whose request isn't read, and closes it soon, whatever its client still sends. */
export function answerAndClose(socket: Duplex, error: WireError, lingerMs = LINGER_MS): void {
  // Its client may be gone already.
  socket.on('error', () => {})
  socket.end(rawAnswer(error))
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}

/** Encodes the whole answer to a connection that no request has been read from. */
function rawAnswer(error: WireError): string {
  const body = JSON.stringify({ error })
  const retryAfter = retryAfterOf(error)
  const retry = retryAfter === null ? '' : `Retry-After: ${retryAfter}\r\n`
  const head = `HTTP/1.1 ${error.status} ${error.code}\r\nConnection: close\r\n${retry}Content-Type: application/json`
  return `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
