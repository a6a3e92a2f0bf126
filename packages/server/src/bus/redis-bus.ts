import { createClient } from '@redis/client'
import { withoutPassword } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { inBackground } from '../in-background.ts'
import { type Bus, type BusState, type Receive, Subscriptions } from './bus.ts'
import { type BusMessage, decodeMessage } from './message.ts'
import { Outflow } from './outflow.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** A connection that brings no answer to this for `SILENCE_MS` is dead. */
const PING_INTERVAL_MS = 4_000
const SILENCE_MS = 10_000
const FIRST_RETRY_MS = 100
const MAX_RETRY_MS = 5_000

interface Options {
  /** `redis://user:password@host:port`, or `rediss://` for TLS. */
  readonly url: string
  /** The id of this server. */
  readonly server: string
  /** Tells the boards of one engine from those of others on the same Redis. */
  readonly installation: string
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

type Client = ReturnType<typeof newClient>

/** A bus over the channels of a Redis, or a Valkey: one for each board. */
export class RedisBus implements Bus {
  readonly #options: Options
  readonly #publisher: Client
  readonly #subscriber: Client
  readonly #subscriptions = new Subscriptions(
    (board) => this.#follow([board]),
    (board) => this.#unfollow(board),
  )
  readonly #outflow: Outflow
  readonly #onPeer: (() => void)[] = []

  /** Connects in the background, and again whenever the connection is lost. */
  constructor(options: Options) {
    this.#options = options
    this.#publisher = newClient(options.url)
    this.#subscriber = newClient(options.url)
    this.#outflow = new Outflow(async (bytes, board) => {
      // Whatever can't be sent now is lost.
      if (this.#publisher.isReady) await this.#publisher.publish(this.#channelOf(board), bytes)
    })
    for (const client of [this.#publisher, this.#subscriber]) {
      client.on('error', (error: unknown) => options.log.warn({ err: error }, 'bus away'))
      inBackground(
        client.connect().catch(() => {}),
        options.log,
      )
    }
    this.#subscriber.on('ready', () => {
      this.#follow(this.#subscriptions.boards)
      for (const listener of this.#onPeer) listener()
    })
  }

  get state(): BusState {
    const isWell = this.#publisher.isReady && this.#subscriber.isReady
    const place = withoutPassword(this.#options.url).replace(/\?.*/, '')
    const problem = `The bus ${place} doesn't answer. What is on its way is seen by those on the same server alone; see whether it runs and is reached from here.`
    return { kind: 'redis', problem: isWell ? null : problem }
  }

  publish(board: string, message: BusMessage): void {
    if (this.#publisher.isReady) this.#outflow.add({ board, from: this.#options.server, message })
  }

  subscribe(board: string, receive: Receive): () => void {
    return this.#subscriptions.add(board, receive)
  }

  onPeer(listener: () => void): void {
    this.#onPeer.push(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#outflow.close()
    for (const client of [this.#publisher, this.#subscriber]) client.destroy()
  }

  readonly #receive = (bytes: Buffer): void => {
    const addressed = decodeMessage(bytes)
    if (!addressed || addressed.from === this.#options.server) return
    this.#subscriptions.deliver(addressed.board, addressed.message, addressed.from)
  }

  /** Follows boards; without a connection, it does so when there is one. */
  #follow(boards: readonly string[]): void {
    if (!this.#subscriber.isReady || boards.length === 0) return
    const channels = boards.map((board) => this.#channelOf(board))
    this.#subscriber.subscribe(channels, this.#receive, true).catch(() => {})
  }

  #unfollow(board: string): void {
    if (!this.#subscriber.isReady) return
    this.#subscriber.unsubscribe(this.#channelOf(board), this.#receive, true).catch(() => {})
  }

  #channelOf(board: string): string {
    return `wirephoto:${this.#options.installation}:${board}`
  }
}

function newClient(url: string) {
  return createClient({
    url,
    name: 'wirephoto',
    disableOfflineQueue: true,
    pingInterval: PING_INTERVAL_MS,
    socket: {
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      reconnectStrategy: (retries) => Math.min(FIRST_RETRY_MS * 2 ** retries, MAX_RETRY_MS),
    },
  })
}
