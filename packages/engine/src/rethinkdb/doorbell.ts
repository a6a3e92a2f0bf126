import { setTimeout as sleep } from 'node:timers/promises'
import { type Cursor, cursor as cursorOf } from '@wirephoto/board'
import { type RCursor, type RDatum, r } from 'rethinkdb-ts'
import type { Unsubscribe } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { Watchers } from '../watchers.ts'
import type { Address } from './address.ts'
import { type Query, ReconnectingConnection } from './database.ts'
import { type BatchRow, type Tables, tablesOf } from './tables.ts'

/** Milliseconds between two looks at all watched boards, for what no feed told. */
const POLL_INTERVAL_MS = 3_000
/** Boards of one look. */
const BOARDS_PER_QUERY = 200
/** Changes that wait for this server before the database drops them: the drop is told, and then we look. */
const FEED_QUEUE_COUNT = 1_000
/** Milliseconds to the next try to open the feed: doubled each time. */
const MIN_RETRY_DELAY_MS = 100
const MAX_RETRY_DELAY_MS = 5_000

/**
 * Tells servers that a board has moved: one changefeed on all batches that other servers append. A feed
 * drops changes, ends with its connection or its primary, and can't be resumed, so it is no more than a
 * doorbell; and beneath it lies a slow poll on the same line, which finds out when that has gone silent.
 */
export class Doorbell {
  readonly #connection: ReconnectingConnection
  readonly #tables: Tables
  readonly #watchers = new Watchers()
  /** What this server is called among those that append. */
  readonly serverId = newStamp()
  readonly #pollTimer: NodeJS.Timeout
  readonly #closing = new AbortController()
  #listening!: Promise<void>

  private constructor(address: Address, poll: number) {
    this.#connection = new ReconnectingConnection(address)
    this.#tables = tablesOf(address.database)
    this.#pollTimer = setInterval(() => void this.#poll(), poll).unref()
  }

  /** Resolves when it listens. */
  static async open(address: Address, poll = POLL_INTERVAL_MS): Promise<Doorbell> {
    const doorbell = new Doorbell(address, poll)
    try {
      doorbell.#listening = doorbell.#keepListening(await doorbell.#openFeed())
      return doorbell
    } catch (error) {
      clearInterval(doorbell.#pollTimer)
      await doorbell.#connection.close()
      throw error
    }
  }

  watch(board: string, wake: (at: Cursor | null) => void): Unsubscribe {
    return this.#watchers.add(board, wake)
  }

  /** This server has appended. */
  ring(board: string, at: Cursor): void {
    this.#watchers.ringSoon(board, at)
  }

  async close(): Promise<void> {
    clearInterval(this.#pollTimer)
    this.#watchers.clear()
    this.#closing.abort()
    await this.#connection.close()
    await this.#listening
  }

  /** Where all watched boards stand: who stands there too needn't look. */
  async #poll(): Promise<void> {
    const ids = this.#watchers.boards
    try {
      for (let start = 0; start < ids.length; start += BOARDS_PER_QUERY) {
        const page = ids.slice(start, start + BOARDS_PER_QUERY)
        const found = await this.#connection.run<BatchHead[]>(headsQuery(this.#tables, page))
        for (const head of found) this.#ring(head)
      }
    } catch {
      // Looked at again at the next poll.
    }
  }

  #ring({ board, id: [epoch, seq], stamp }: BatchHead): void {
    this.#watchers.ring(board, cursorOf(epoch, seq, stamp))
  }

  #openFeed(): Promise<RCursor<FeedMessage>> {
    return this.#connection.run(feedQuery(this.#tables, this.serverId))
  }

  async #keepListening(first: RCursor<FeedMessage>): Promise<void> {
    const { signal } = this.#closing
    let feed: RCursor<FeedMessage> | null = first
    let wait = MIN_RETRY_DELAY_MS
    while (!signal.aborted)
      try {
        feed ??= await this.#openFeed()
        wait = MIN_RETRY_DELAY_MS
        // What was appended while nobody listened.
        void this.#poll()
        for (;;) {
          const { error, head } = await feed.next()
          if (error !== undefined) void this.#poll()
          else if (head) this.#ring(head)
        }
      } catch {
        feed = null
        await sleep(wait, null, { signal }).catch(() => {})
        wait = Math.min(wait * 2, MAX_RETRY_DELAY_MS)
      }
  }
}

/** The last batch of a board. */
type BatchHead = Pick<BatchRow, 'board' | 'id' | 'stamp'>

/** What a feed tells: a batch, or that it has dropped some. */
interface FeedMessage {
  readonly head?: BatchHead
  readonly error?: string
}

const feedQuery = ({ batches }: Tables, self: string): Query =>
  batches
    .changes({ changefeedQueueSize: FEED_QUEUE_COUNT })
    .filter((change: RDatum) =>
      r.branch(change.hasFields('error'), true, change('new_val')('by').default(self).ne(self)),
    )
    .map((change: RDatum) =>
      r.branch(change.hasFields('error'), change, {
        head: change('new_val').pluck('board', 'id', 'stamp'),
      }),
    )

const headsQuery = ({ boards, batches }: Tables, ids: readonly string[]): Query =>
  boards.getAll(r.args([...ids])).concatMap((board: RDatum) =>
    batches
      .between([board('epoch'), r.minval], [board('epoch'), r.maxval])
      .orderBy({ index: r.desc('id') })
      .limit(1)
      .pluck('board', 'id', 'stamp'),
  )
