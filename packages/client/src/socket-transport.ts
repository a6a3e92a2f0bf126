import { WIRE_VERSION } from '@wirephoto/board'
import { Manager, type Socket } from 'socket.io-client'
import { Emitter } from './events.ts'
import type { Transport, TransportEvents } from './transport.ts'
import type { ErrorAnswer, Problem } from './types.ts'
import type { BoardEndpoint } from './urls.ts'

/** Events whose body is one JSON string. */
const JSON_EVENTS = [
  'changes',
  'roster',
  'presence',
  'people',
  'arrivals',
  'seen',
  'held',
  'show',
  'downloads',
  'notice',
  'bye',
] as const satisfies (keyof TransportEvents)[]

/** Events about a picture whose body is bytes. */
const BYTES_EVENTS = ['preview', 'frame', 'shown'] as const satisfies (keyof TransportEvents)[]

/** More than anybody waits for a websocket. */
const LONGEST_PATIENCE_MS = 90_000

/** The websocket. It passes messages in both directions, or it isn't `connected`. */
export class SocketTransport extends Emitter<TransportEvents> implements Transport {
  readonly #socket: Socket
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Whether its loss is news: we haven't closed it. */
  #isWanted = false

  constructor({ url, id, headers, isWall }: BoardEndpoint) {
    super()
    const manager = new Manager(url, {
      path: new URL(`${url}/live`).pathname,
      transports: ['websocket'],
      autoConnect: false,
      reconnection: false,
      // Its own patience ends before any other.
      timeout: LONGEST_PATIENCE_MS,
    })
    // No browser sends further headers with a websocket, so the token goes with the first message.
    const token = headers['authorization']?.replace('Bearer ', '')
    const socket = manager.socket('/', { auth: { board: id, wire: WIRE_VERSION, isWall, token } })
    this.#socket = socket
    socket.on('connect', () => {
      clearTimeout(this.#timer)
      this.emit('connected', undefined)
    })
    socket.on('connect_error', (error: Error & { data?: Problem }) => this.#onLost(error.data))
    socket.on('disconnect', () => this.#onLost())
    socket.on('reload', () => this.emit('reload', undefined))
    socket.on('echo', (answer: () => void) => answer())
    socket.on('build', (build: string) => this.emit('build', build))
    for (const event of BYTES_EVENTS)
      socket.on(event, (id, bytes) => this.emit(event, { id, bytes }))
    for (const event of JSON_EVENTS)
      socket.on(event, (text: string) => this.emit(event, JSON.parse(text)))
  }

  get isOpen(): boolean {
    return this.#socket.connected
  }

  open(patienceMs: number): void {
    clearTimeout(this.#timer)
    this.#isWanted = true
    // A proxy may take the connection and pass nothing.
    this.#timer = setTimeout(() => this.#onLost(), patienceMs)
    this.#socket.connect()
  }

  close(): void {
    this.#isWanted = false
    clearTimeout(this.#timer)
    this.#socket.disconnect()
  }

  ask<T>(event: string, body: object, timeoutMs: number): Promise<T | ErrorAnswer> {
    return this.#socket.timeout(timeoutMs).emitWithAck(event, body)
  }

  tell(event: string, body: object, isTransient = false): void {
    if (!this.isOpen) return
    if (isTransient) this.#socket.volatile.emit(event, body)
    else this.#socket.emit(event, body)
  }

  #onLost(why: Problem | null = null): void {
    if (!this.#isWanted) return
    this.close()
    this.emit('lost', why)
  }
}
