import { createHmac } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import {
  type AnyRecord,
  type Change,
  type ImageRecord,
  isHeldLog,
  WireError,
} from '@wirephoto/board'
import type { Secrets } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { LRUCache } from 'lru-cache'
import { dataOf, hashOf, newSecret, type WebhookRecord } from '../access/records.ts'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Fetcher } from '../images/remote-fetch.ts'
import { inBackground } from '../in-background.ts'
import type { SlotNews, SlotTimes } from '../slots/slot-times.ts'

/** Webhooks of one board. */
const WEBHOOKS_PER_BOARD_COUNT = 10
/** How long a board's webhooks are known here: another server may have changed them. */
const CACHE_MS = 5_000
const CACHED_BOARDS_COUNT = 10_000
/** Events that wait for one webhook. Beyond them new ones are dropped. */
const WAITING_EVENTS_COUNT = 500
/** Pauses before an event is sent again. Then it is given up. */
const RETRY_DELAYS_MS = [1_000, 5_000, 30_000, 120_000, 600_000]

/** A webhook as its owners see it. */
export interface ListedWebhook {
  readonly id: string
  readonly url: string
  /** Milliseconds since 1970. */
  readonly madeAt: number
}

/** Returns the addresses of a picture. */
type AddressesOf = (board: string, id: string) => { readonly url: string; readonly fileUrl: string }

interface Options {
  readonly secrets: Secrets
  readonly poster: Pick<Fetcher, 'check' | 'post'>
  readonly now: () => number
  readonly addressesOf: AddressesOf
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  readonly retryDelaysMs?: readonly number[]
}

/** Tells addresses that a board's owners name of pictures that are stored and removed, and of live slots that are late. */
export class Webhooks {
  readonly #options: Options
  readonly #known: LRUCache<string, Promise<readonly WebhookRecord[]>>
  /** The events of each webhook are sent one after another. */
  readonly #sending = new Map<string, { last: Promise<void>; count: number }>()
  readonly #closing = new AbortController()

  constructor(options: Options) {
    this.#options = options
    this.#known = new LRUCache({ max: CACHED_BOARDS_COUNT, ttl: CACHE_MS })
  }

  /** Tells of what this server appends to each board that is opened. */
  follow(boards: Boards): void {
    boards.onOpen((board) => {
      if (isHeldLog(board.id)) return
      board.onAppended = (changes, before) => {
        const events = changes.flatMap((change, i) => eventOf(change, before[i]) ?? [])
        if (events.length > 0) inBackground(this.#tell(board, events), this.#options.log)
      }
    })
  }

  /** Tells of live slots that are late, and of those whose frames come again. */
  followSlots(times: SlotTimes, boards: Boards): void {
    times.onNews = (news) => inBackground(this.#tellSlot(news, boards), this.#options.log)
  }

  async #tellSlot({ type, board, id, lastFrameAt }: SlotNews, boards: Boards): Promise<void> {
    using held = await boards.hold(board)
    const picture = held.board.records.get(id)
    if (picture?.kind !== 'image' || picture.slot === null || picture.deletedAt !== null) return
    const slot = { name: picture.slot, lastFrameAt }
    await this.#tell(held.board, [{ type, picture, slot }])
  }

  /** Lists the webhooks of a board, the oldest first. Rejects with `unknown-board`. */
  async list(board: string): Promise<ListedWebhook[]> {
    const webhooks = await this.#read(board)
    return webhooks.map(({ id, url, madeAt }) => ({ id, url, madeAt }))
  }

  /**
   * Makes a webhook. Its key signs what is sent to it, and is told here alone. Rejects with `bad-request` for what is no
   * address, `foreign-address`, and `too-many`.
   */
  async make(board: string, url: string): Promise<ListedWebhook & { readonly key: string }> {
    await this.#options.poster.check(url)
    if ((await this.#read(board)).length >= WEBHOOKS_PER_BOARD_COUNT)
      throw new WireError('too-many')
    const made = { id: newSecret(), url, madeAt: this.#options.now(), key: newSecret() }
    const data = JSON.stringify({ type: 'webhook', ...made } satisfies WebhookRecord)
    const hash = hashOf.webhook(board, made.id)
    await this.#options.secrets.put({ hash, board, kind: 'link', data, expiresAt: null })
    this.#known.delete(board)
    return made
  }

  /** Ends a webhook. Rejects with `not-found`. */
  async remove(board: string, id: string): Promise<void> {
    if (!(await this.#read(board)).some((each) => each.id === id)) throw new WireError('not-found')
    await this.#options.secrets.remove(hashOf.webhook(board, id))
    this.#known.delete(board)
  }

  /** Gives up everything that waits. */
  close(): void {
    this.#closing.abort()
  }

  async #read(board: string): Promise<readonly WebhookRecord[]> {
    const secrets = await this.#options.secrets.list(board)
    return secrets
      .flatMap(({ kind, data }) => (kind === 'link' && dataOf('webhook', data)) || [])
      .sort((a, b) => a.madeAt - b.madeAt)
  }

  async #tell({ id: board }: LiveBoard, events: readonly PictureEvent[]): Promise<void> {
    const known = this.#known.get(board) ?? this.#read(board)
    this.#known.set(board, known)
    const webhooks = await known.catch((error: unknown) => {
      this.#known.delete(board)
      throw error
    })
    for (const webhook of webhooks) for (const event of events) this.#enqueue(board, webhook, event)
  }

  #enqueue(board: string, webhook: WebhookRecord, { type, picture, slot }: PictureEvent): void {
    const key = `${board} ${webhook.id}`
    const sending = this.#sending.get(key) ?? { last: Promise.resolve(), count: 0 }
    if (sending.count >= WAITING_EVENTS_COUNT) {
      this.#options.log.warn({ board, url: webhook.url }, 'An event for a webhook was dropped.')
      return
    }
    this.#sending.set(key, sending)
    const { id, name, caption, by, width, height, bytes } = picture
    const told = { id, name, caption, by, type: picture.type, width, height, bytes }
    const addresses = this.#options.addressesOf(board, id)
    const event = { id: newSecret(), type, board, at: this.#options.now(), slot }
    const body = JSON.stringify({ ...event, picture: { ...told, ...addresses } })
    sending.count++
    sending.last = sending.last
      .then(() => this.#send(board, webhook, body))
      .catch(() => {})
      .finally(() => {
        if (--sending.count === 0) this.#sending.delete(key)
      })
  }

  /** Sends an event until the address takes it, with pauses and an end. */
  async #send(board: string, { id, url, key }: WebhookRecord, body: string): Promise<void> {
    const { poster, now, log, retryDelaysMs = RETRY_DELAYS_MS } = this.#options
    const { signal } = this.#closing
    for (const delayMs of [...retryDelaysMs, null]) {
      if (signal.aborted) return
      const time = now()
      const signature = createHmac('sha256', key).update(`${time}.${body}`).digest('hex')
      const headers = { 'wirephoto-signature': `t=${time},v1=${signature}` }
      const status = await poster.post(url, body, headers).catch((error: unknown) => error)
      if (typeof status === 'number' && status >= 200 && status < 300) return
      if (delayMs === null) {
        log.warn({ board, url }, 'A webhook took no event: it was given up.')
        return
      }
      await setTimeout(delayMs, undefined, { signal, ref: false })
      // It may have been ended meanwhile.
      if (!(await this.#read(board)).some((each) => each.id === id)) return
    }
  }
}

/** A picture that came onto a board, or went from it, or the tile of a live slot that is late. */
interface PictureEvent {
  readonly type: 'stored' | 'removed' | SlotNews['type']
  readonly picture: ImageRecord
  /** The live slot that it is about; absent for a picture. */
  readonly slot?: { readonly name: string; readonly lastFrameAt: number }
}

/** Returns what a change is to those who look at the stored pictures of a board; null for nothing. */
function eventOf(change: Change, before: AnyRecord | undefined): PictureEvent | null {
  const old = before?.kind === 'image' && isThere(before) ? before : null
  const now = 'put' in change && change.put.kind === 'image' ? change.put : null
  const isSame = old !== null && (old.blob === now?.blob || old.slot !== null)
  if (now && isThere(now)) return isSame ? null : { type: 'stored', picture: now }
  return old ? { type: 'removed', picture: old } : null
}

const isThere = ({ blob, deletedAt }: ImageRecord): boolean => blob !== null && deletedAt === null
