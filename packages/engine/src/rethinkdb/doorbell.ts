import { type Cursor, cursor as cursorOf } from '@wirephoto/board'
import { type RCursor, type RDatum, r } from 'rethinkdb-ts'
import type { Unsubscribe } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { keepListening, POLL_INTERVAL_MS } from '../keep-listening.ts'
import { Watchers } from '../watchers.ts'
import type { Address } from './address.ts'
import { type Query, ReconnectingConnection } from './database.ts'
import { type BatchRow, type Tables, tablesOf } from './tables.ts'

/** Watched boards that one query of a poll asks for. */
const BOARDS_PER_QUERY = 200
/** Changes that the database queues for this server. If more wait, it drops some and says so. */
const MAX_QUEUED_CHANGE_COUNT = 1_000

/**
 * The notifications between servers that a board has moved.
 *
 * One changefeed covers the batches that all other servers append. A feed may drop changes, ends with
 * its connection or its primary, and can't be resumed, so it only rings. A slow poll on the same
 * connection finds what the feed has not delivered, and notices when the connection has gone silent.
 */
export class Doorbell {
  readonly #connection: ReconnectingConnection
  readonly #tables: Tables
  readonly #watchers = new Watchers()
  /** Marks the batches of this server, which its own feed leaves out. */
  readonly serverId = newStamp()
  readonly #pollTimer: NodeJS.Timeout
  readonly #closing = new AbortController()
  #listening!: Promise<void>

  private constructor(address: Address, pollIntervalMs: number) {
    this.#connection = new ReconnectingConnection(address)
    this.#tables = tablesOf(address.database)
    this.#pollTimer = setInterval(() => this.#pollSoon(), pollIntervalMs).unref()
  }

  /** Opens a doorbell. Resolves when its feed is open. Rejects with the driver's error. */
  static async open(address: Address, pollIntervalMs = POLL_INTERVAL_MS): Promise<Doorbell> {
    const doorbell = new Doorbell(address, pollIntervalMs)
    try {
      doorbell.#listening = keepListening(await doorbell.#openFeed(), {
        open: () => doorbell.#openFeed(),
        serve: (feed) => doorbell.#serve(feed),
        signal: doorbell.#closing.signal,
      })
      return doorbell
    } catch (error) {
      clearInterval(doorbell.#pollTimer)
      await doorbell.#connection.close()
      throw error
    }
  }

  /** Calls `wake` when a board has moved. */
  watch(board: string, wake: (at: Cursor | null) => void): Unsubscribe {
    return this.#watchers.add(board, wake)
  }

  /** Announces an append of this server to its own watchers. Other servers learn of it by their feeds. */
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

  /** Polls while others go on. A poll that fails is followed by the next one. */
  #pollSoon(): void {
    this.#poll().catch(() => {})
  }

  /** Rings for every watched board with its cursor. A watcher that stands there already needn't read. */
  async #poll(): Promise<void> {
    const ids = this.#watchers.boards
    try {
      for (let start = 0; start < ids.length; start += BOARDS_PER_QUERY) {
        const page = ids.slice(start, start + BOARDS_PER_QUERY)
        const heads = await this.#connection.run<BatchHead[]>(headsQuery(this.#tables, page))
        for (const head of heads) this.#ring(head)
      }
    } catch {
      // The next poll tries again.
    }
  }

  #ring({ board, id: [epoch, seq], stamp }: BatchHead): void {
    this.#watchers.ring(board, cursorOf(epoch, seq, stamp))
  }

  #openFeed(): Promise<RCursor<FeedMessage>> {
    return this.#connection.run(feedQuery(this.#tables, this.serverId))
  }

  async #serve(feed: RCursor<FeedMessage>): Promise<void> {
    // Finds the batches that were appended while no feed was open.
    this.#pollSoon()
    for (;;) {
      const { error, head } = await feed.next()
      if (error !== undefined) this.#pollSoon()
      else if (head) this.#ring(head)
    }
  }
}

/** The part of a batch that names a cursor of a board. */
type BatchHead = Pick<BatchRow, 'board' | 'id' | 'stamp'>

/** A message of the feed: a batch, or the error that it has dropped some. */
interface FeedMessage {
  readonly head?: BatchHead
  readonly error?: string
}

/** A feed of the batches of all servers but this one. */
const feedQuery = ({ batches }: Tables, serverId: string): Query =>
  batches
    .changes({ changefeedQueueSize: MAX_QUEUED_CHANGE_COUNT })
    .filter((change: RDatum) =>
      r.branch(
        change.hasFields('error'),
        true,
        change('new_val')('by').default(serverId).ne(serverId),
      ),
    )
    .map((change: RDatum) =>
      r.branch(change.hasFields('error'), change, {
        head: change('new_val').pluck('board', 'id', 'stamp'),
      }),
    )

/** The last batch of each board. */
const headsQuery = ({ boards, batches }: Tables, ids: readonly string[]): Query =>
  boards.getAll(r.args([...ids])).concatMap((board: RDatum) =>
    batches
      .between([board('epoch'), r.minval], [board('epoch'), r.maxval])
      .orderBy({ index: r.desc('id') })
      .limit(1)
      .pluck('board', 'id', 'stamp'),
  )
