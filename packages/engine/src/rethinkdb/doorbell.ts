import { setTimeout as sleep } from 'node:timers/promises'
import { type Cursor, cursor as cursorOf } from '@wirephoto/board'
import { type RCursor, type RDatum, r } from 'rethinkdb-ts'
import type { Unsubscribe } from '../engine.ts'
import { newStamp } from '../ids.ts'
import { Watchers } from '../watchers.ts'
import type { Address } from './address.ts'
import { Line, type Query } from './database.ts'
import { type BatchRow, type Tables, tablesOf } from './tables.ts'

/** Milliseconds between two looks at all watched boards, for what no feed told. */
const POLL = 3_000
/** Boards of one look. */
const PAGE = 200
/** Changes that wait for this server before the database drops them: the drop is told, and then we look. */
const QUEUE = 1_000
/** Milliseconds to the next try to open the feed: doubled each time. */
const FIRST = 100
const LONGEST = 5_000

/**
 * Tells servers that a board has moved: one changefeed on all batches that other servers append. A feed
 * drops changes, ends with its connection or its primary, and can't be resumed, so it is no more than a
 * doorbell; and beneath it lies a slow poll on the same line, which finds out when that has gone silent.
 */
export class Doorbell {
  readonly #line: Line
  readonly #tables: Tables
  readonly #watchers = new Watchers()
  /** What this server is called among those that append. */
  readonly self = newStamp()
  readonly #poll: NodeJS.Timeout
  readonly #ended = new AbortController()
  #listening!: Promise<void>

  private constructor(address: Address, poll: number) {
    this.#line = new Line(address)
    this.#tables = tablesOf(address.database)
    this.#poll = setInterval(() => void this.#look(), poll).unref()
  }

  /** Resolves when it listens. */
  static async open(address: Address, poll = POLL): Promise<Doorbell> {
    const doorbell = new Doorbell(address, poll)
    try {
      doorbell.#listening = doorbell.#keepListening(await doorbell.#feed())
      return doorbell
    } catch (error) {
      clearInterval(doorbell.#poll)
      await doorbell.#line.close()
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
    clearInterval(this.#poll)
    this.#watchers.clear()
    this.#ended.abort()
    await this.#line.close()
    await this.#listening
  }

  /** Where all watched boards stand: who stands there too needn't look. */
  async #look(): Promise<void> {
    const ids = this.#watchers.boards
    try {
      for (let start = 0; start < ids.length; start += PAGE) {
        const page = ids.slice(start, start + PAGE)
        const found = await this.#line.run<Head[]>(headsOf(this.#tables, page))
        for (const head of found) this.#hear(head)
      }
    } catch {
      // Looked at again at the next poll.
    }
  }

  #hear({ board, id: [epoch, seq], stamp }: Head): void {
    this.#watchers.ring(board, cursorOf(epoch, seq, stamp))
  }

  #feed(): Promise<RCursor<Rung>> {
    return this.#line.run(feedOf(this.#tables, this.self))
  }

  async #keepListening(first: RCursor<Rung>): Promise<void> {
    const { signal } = this.#ended
    let feed: RCursor<Rung> | null = first
    let wait = FIRST
    while (!signal.aborted)
      try {
        feed ??= await this.#feed()
        wait = FIRST
        // What was appended while nobody listened.
        void this.#look()
        for (;;) {
          const { error, head } = await feed.next()
          if (error !== undefined) void this.#look()
          else if (head) this.#hear(head)
        }
      } catch {
        feed = null
        await sleep(wait, null, { signal }).catch(() => {})
        wait = Math.min(wait * 2, LONGEST)
      }
  }
}

/** The last batch of a board. */
type Head = Pick<BatchRow, 'board' | 'id' | 'stamp'>

/** What a feed tells: a batch, or that it has dropped some. */
interface Rung {
  readonly head?: Head
  readonly error?: string
}

const feedOf = ({ batches }: Tables, self: string): Query =>
  batches
    .changes({ changefeedQueueSize: QUEUE })
    .filter((change: RDatum) =>
      r.branch(change.hasFields('error'), true, change('new_val')('by').default(self).ne(self)),
    )
    .map((change: RDatum) =>
      r.branch(change.hasFields('error'), change, {
        head: change('new_val').pluck('board', 'id', 'stamp'),
      }),
    )

const headsOf = ({ boards, batches }: Tables, ids: readonly string[]): Query =>
  boards.getAll(r.args([...ids])).concatMap((board: RDatum) =>
    batches
      .between([board('epoch'), r.minval], [board('epoch'), r.maxval])
      .orderBy({ index: r.desc('id') })
      .limit(1)
      .pluck('board', 'id', 'stamp'),
  )
