import { setTimeout as sleep } from 'node:timers/promises'
import { type Cursor, cursor as cursorOf } from '@wirephoto/board'
import pg from 'pg'
import type { Unsubscribe } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { Watchers } from '../watchers.ts'
import { type Database, locationOf } from './database.ts'
import { toEngineError } from './errors.ts'

/** Milliseconds between two NOTIFYs of this server: each takes a lock of the whole database's. */
const NOTIFY_INTERVAL_MS = 2
/** Milliseconds between two looks at all watched boards, for what no NOTIFY told. */
const POLL_INTERVAL_MS = 3_000
/** Milliseconds to the next try to listen: doubled each time. */
const MIN_RETRY_DELAY_MS = 100
const MAX_RETRY_DELAY_MS = 5_000
const CHANNEL = 'wirephoto'

/**
 * Tells servers that a board has moved: NOTIFY outside the transaction that writes, at most one every
 * few milliseconds; one connection that LISTENs; and beneath both a slow poll, since a line may break
 * with nobody told. It may ring twice or late: truth is the log.
 */
export class Doorbell {
  readonly #database: Database
  readonly #config: pg.ClientConfig
  readonly #watchers = new Watchers()
  /** What this server is called among those that listen. */
  readonly #serverId = newStamp()
  /** The boards that others are to be told of. */
  #unsent = new Map<string, Cursor>()
  #notifying: Promise<void> | null = null
  #listener: Listener | null = null
  readonly #pollTimer: NodeJS.Timeout
  readonly #closing = new AbortController()
  #listening!: Promise<void>

  private constructor(database: Database, config: pg.ClientConfig) {
    this.#database = database
    this.#config = config
    this.#pollTimer = setInterval(() => void this.#poll(), POLL_INTERVAL_MS).unref()
  }

  /** Resolves when it listens. Rejects with an EngineError. */
  static async open(database: Database, config: pg.ClientConfig): Promise<Doorbell> {
    const doorbell = new Doorbell(database, config)
    try {
      doorbell.#listening = doorbell.#keepListening(await doorbell.#listen())
      return doorbell
    } catch (error) {
      clearInterval(doorbell.#pollTimer)
      throw error
    }
  }

  watch(board: string, wake: (at: Cursor | null) => void): Unsubscribe {
    return this.#watchers.add(board, wake)
  }

  /** This server has appended. */
  ring(board: string, at: Cursor): void {
    this.#watchers.ringSoon(board, at)
    this.#unsent.set(board, at)
    this.#notifying ??= this.#notify()
  }

  /** Tells what is to be told first. */
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
        // The poll tells it.
      })
      await sleep(NOTIFY_INTERVAL_MS, null, { signal: this.#closing.signal }).catch(() => {})
    }
    this.#notifying = null
  }

  #onNotification(payload: string): void {
    const [from, at, ...board] = payload.split(' ')
    if (from !== this.#serverId) this.#watchers.ring(board.join(' '), at as Cursor)
  }

  /** Where all watched boards stand: who stands there too needn't look. */
  async #poll(): Promise<void> {
    const boards = this.#watchers.boards
    if (boards.length === 0) return
    try {
      const heads = await this.#database.query<BoardHead>(HEADS, [boards])
      for (const { id, epoch, seq, stamp } of heads)
        this.#watchers.ring(id, cursorOf(epoch, seq, stamp))
    } catch {
      // Looked at again at the next poll.
    }
  }

  async #listen(): Promise<Listener> {
    const client = new pg.Client(this.#config)
    const closed = new Promise<void>((resolve) => client.once('end', resolve))
    client.on('error', () => {})
    client.on('notification', ({ payload }) => this.#onNotification(payload ?? ''))
    try {
      await client.connect()
      await client.query(`LISTEN ${CHANNEL}`)
    } catch (error) {
      void client.end().catch(() => {})
      throw toEngineError(error, locationOf(client))
    }
    return { client, closed }
  }

  async #keepListening(first: Listener): Promise<void> {
    this.#listener = first
    let wait = MIN_RETRY_DELAY_MS
    const { signal } = this.#closing
    while (!signal.aborted)
      try {
        this.#listener ??= await this.#listen()
        // Whoever closed meanwhile had no line to end.
        if (signal.aborted) void this.#listener.client.end().catch(() => {})
        wait = MIN_RETRY_DELAY_MS
        // What was told while nobody listened.
        void this.#poll()
        await this.#listener.closed
        this.#listener = null
      } catch {
        await sleep(wait, null, { signal }).catch(() => {})
        wait = Math.min(wait * 2, MAX_RETRY_DELAY_MS)
      }
  }
}

interface Listener {
  readonly client: pg.Client
  readonly closed: Promise<void>
}

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
