import { setTimeout as sleep } from 'node:timers/promises'
import { type Cursor, cursor as cursorOf } from '@wirephoto/board'
import pg from 'pg'
import type { Unsubscribe } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { keepListening, POLL_INTERVAL_MS } from '../keep-listening.ts'
import { Watchers } from '../watchers.ts'
import { type Database, locationOf } from './database.ts'
import { toEngineError } from './errors.ts'
import type { Hosts } from './hosts.ts'

/** The least time between two NOTIFYs of this server: each locks the whole database for a moment. */
const NOTIFY_INTERVAL_MS = 2
const CHANNEL = 'wirephoto'

/**
 * The notifications between servers that a board has moved.
 *
 * Appends are announced by NOTIFY, outside the transaction that writes and a few milliseconds apart.
 * One connection LISTENs. A slow poll finds what neither has delivered, since a connection may break
 * without a sign. The doorbell may ring twice or late; the log alone tells what has changed.
 */
export class Doorbell {
  readonly #database: Database
  readonly #hosts: Hosts
  readonly #watchers = new Watchers()
  /** Marks this server's own notifications, which it ignores. */
  readonly #serverId = newStamp()
  /** The newest cursor of each board that has yet to be announced. */
  #unsent = new Map<string, Cursor>()
  #notifying: Promise<void> | null = null
  #listener: Listener | null = null
  readonly #pollTimer: NodeJS.Timeout
  readonly #closing = new AbortController()
  #listening!: Promise<void>

  private constructor(database: Database, hosts: Hosts) {
    this.#database = database
    this.#hosts = hosts
    this.#pollTimer = setInterval(() => this.#pollSoon(), POLL_INTERVAL_MS).unref()
  }

  /** Opens a doorbell. Resolves when it listens. Rejects with an EngineError. */
  static async open(database: Database, hosts: Hosts): Promise<Doorbell> {
    const doorbell = new Doorbell(database, hosts)
    try {
      doorbell.#listening = keepListening(await doorbell.#listen(), {
        open: () => doorbell.#listen(),
        serve: (listener) => doorbell.#serve(listener),
        signal: doorbell.#closing.signal,
      })
      return doorbell
    } catch (error) {
      clearInterval(doorbell.#pollTimer)
      throw error
    }
  }

  /** Calls `wake` when a board has moved. */
  watch(board: string, wake: (at: Cursor | null) => void): Unsubscribe {
    return this.#watchers.add(board, wake)
  }

  /** Announces an append of this server, to its own watchers and to the other servers. */
  ring(board: string, at: Cursor): void {
    this.#watchers.ringSoon(board, at)
    this.#unsent.set(board, at)
    this.#notifying ??= this.#notify()
  }

  /** Sends the pending notifications, then closes. */
  async close(): Promise<void> {
    clearInterval(this.#pollTimer)
    this.#watchers.clear()
    this.#closing.abort()
    await this.#notifying
    await this.#listener?.client.end().catch(() => {})
    await this.#listening
  }

  async #notify(): Promise<void> {
    while (this.#unsent.size > 0) {
      const payloads = Array.from(this.#unsent, ([board, at]) => `${this.#serverId} ${at} ${board}`)
      this.#unsent = new Map()
      await this.#database.query(NOTIFY, [CHANNEL, payloads]).catch(() => {
        // The other servers' polls find the appends.
      })
      await sleep(NOTIFY_INTERVAL_MS, null, { signal: this.#closing.signal }).catch(() => {})
    }
    this.#notifying = null
  }

  #onNotification(payload: string): void {
    const [from, at, ...board] = payload.split(' ')
    if (from !== this.#serverId) this.#watchers.ring(board.join(' '), at as Cursor)
  }

  /** Polls while others go on. A poll that fails is followed by the next one. */
  #pollSoon(): void {
    this.#poll().catch(() => {})
  }

  /** Rings for every watched board with its cursor. A watcher that stands there already needn't read. */
  async #poll(): Promise<void> {
    const boards = this.#watchers.boards
    if (boards.length === 0) return
    try {
      const heads = await this.#database.query<BoardHead>(HEADS, [boards])
      for (const { id, epoch, seq, stamp } of heads)
        this.#watchers.ring(id, cursorOf(epoch, seq, stamp))
    } catch {
      // The next poll tries again.
    }
  }

  async #listen(): Promise<Listener> {
    const { config } = this.#hosts
    const client = new pg.Client(config)
    const closed = new Promise<void>((resolve) => client.once('end', resolve))
    client.on('error', () => {})
    client.on('notification', ({ payload }) => this.#onNotification(payload ?? ''))
    try {
      await client.connect()
      await client.query(`LISTEN ${CHANNEL}`)
    } catch (error) {
      client.end().catch(() => {})
      this.#hosts.leave(config)
      throw toEngineError(error, locationOf(client))
    }
    return { client, closed }
  }

  async #serve(listener: Listener): Promise<void> {
    this.#listener = listener
    // A close while the connection was being opened found none to end.
    if (this.#closing.signal.aborted) listener.client.end().catch(() => {})
    // Finds the appends that were announced while nobody listened.
    this.#pollSoon()
    await listener.closed
    this.#listener = null
  }
}

/** A connection that LISTENs. */
interface Listener {
  readonly client: pg.Client
  /** Resolves when the connection has ended, for whatever reason. */
  readonly closed: Promise<void>
}

/** A board's id and the parts of its cursor. */
interface BoardHead extends Record<string, unknown> {
  readonly id: string
  readonly epoch: string
  readonly seq: number
  readonly stamp: string
}

const NOTIFY = {
  name: 'notify',
  text: 'SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload',
}

const HEADS = {
  name: 'heads',
  text: 'SELECT id, epoch, seq, stamp FROM boards WHERE id = ANY ($1::text[])',
}
