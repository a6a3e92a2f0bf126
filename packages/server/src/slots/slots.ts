import { type ImageRecord, may, WireError } from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import type { Bounds } from '../bounds.ts'
import { FairSlots, type Slot } from '../fairness/fair-slots.ts'
import { partyOf } from '../fairness/party.ts'
import { inBackground } from '../in-background.ts'
import { LiveSlot, type SlotParts } from './live-slot.ts'
import { tilesOf } from './slot-tiles.ts'
import { SlotTimes } from './slot-times.ts'

/** Time without a frame after which nothing of a slot is kept in memory. Its tile stays. */
const FORGET_AFTER_MS = 30_000
const FORGET_INTERVAL_MS = 10_000
/** Time for which another server's frame is the newest one here. Mostly that server has stored it within a second. */
const REMOTE_FRAME_KEPT_MS = 5_000
/** Memory for the frames of other servers. */
const REMOTE_FRAMES_BYTES = 64 * 1024 * 1024

type ShowFrame = (id: string, frame: Buffer) => void
type ShowFrameAt = (board: string, id: string, frame: Buffer) => void

interface SlotsOptions extends Omit<SlotParts, 'show' | 'noteFirst' | 'framesPerSecond'> {
  readonly bounds: Bounds
}

interface Entry {
  readonly slot: LiveSlot
  readonly place: Slot
}

/** The live slots that this server has taken a frame of lately, by board and name. */
export class Slots {
  readonly #options: SlotsOptions
  readonly #places: FairSlots
  readonly #entries = new Map<string, Entry>()
  readonly #listeners = new Map<string, Set<ShowFrame>>()
  /** The frames that came to other servers since the last one here, by tile. */
  readonly #remoteFrames = new LRUCache<string, Buffer>({
    maxSize: REMOTE_FRAMES_BYTES,
    sizeCalculation: (frame) => frame.length,
    ttl: REMOTE_FRAME_KEPT_MS,
  })
  readonly #timer: NodeJS.Timeout
  readonly times: SlotTimes
  /** Told of the frames that came to this server, so that others may show them. */
  onOwnFrame: ShowFrameAt = () => {}
  #isClosed = false

  constructor(options: SlotsOptions) {
    this.#options = options
    this.#places = new FairSlots(options.bounds['live-slots'])
    this.times = new SlotTimes(() => options.boards.clock.now())
    this.#timer = setInterval(() => this.#forgetIdle(), FORGET_INTERVAL_MS).unref()
  }

  /** Calls back with each frame of a board's slots, and the id of its tile. Returns a function that ends this. */
  listen(board: string, onFrame: ShowFrame): () => void {
    const listeners = this.#listeners.get(board) ?? new Set()
    this.#listeners.set(board, listeners.add(onFrame))
    return () => {
      if (listeners.delete(onFrame) && listeners.size === 0) this.#listeners.delete(board)
    }
  }

  /** Returns the slot of that name, if it takes frames of a sender. Throws as `LiveSlot.assertOpen` does, and `busy`. */
  open(board: LiveBoard, name: string, sender: Sender): LiveSlot {
    if (this.#isClosed) throw new WireError('stopping')
    const key = `${board.id} ${name}`
    const known = this.#entries.get(key)
    const slot = known?.slot ?? new LiveSlot(board.id, name, this.#parts)
    slot.assertOpen(board, sender)
    if (known) {
      known.place.progress()
      return slot
    }
    const giveWay = (): void => {
      this.#entries.delete(key)
    }
    const place = this.#places.take(partyOf(sender, board.id), giveWay)
    this.#entries.set(key, { slot, place })
    return slot
  }

  /** Returns the newest frame of a tile's slot, while it may not be stored; null for the tile's file. */
  newest(board: string, { id, slot }: ImageRecord): Buffer | null {
    const remote = this.#remoteFrames.get(`${board} ${id}`)
    return remote ?? this.#entries.get(`${board} ${slot}`)?.slot.newest ?? null
  }

  /**
   * Ends a slot: its tile is a plain picture from then on, with the last frame. The stored ones before it go. Rejects
   * with `not-found` for a slot without a tile, and with `not-allowed`.
   */
  async end(board: LiveBoard, name: string, sender: Sender): Promise<void> {
    const key = `${board.id} ${name}`
    await board.refresh()
    const tiles = tilesOf(board.records, (slot) => slot === name)
    if (tiles.length === 0) throw new WireError('not-found')
    if (!tiles.every((tile) => may(sender, 'image.revert', tile)))
      throw new WireError('not-allowed')
    const entry = this.#entries.get(key)
    this.#entries.delete(key)
    entry?.place[Symbol.dispose]()
    await entry?.slot.end()
    const ids = tiles.map(({ id }) => id)
    const commands = ids.map((id) => ({ kind: 'image.endSlot', id }) as const)
    await board.act(commands, { ...sender, role: 'server' })
    for (const id of ids) this.times.forget(id)
    await this.#options.replacedFiles.forget(board.id, ids)
  }

  /** Shows a frame of another server to those who look at the board here, or ask for the newest. */
  receive(board: string, id: string, frame: Buffer): void {
    this.#remoteFrames.set(`${board} ${id}`, frame)
    this.times.note(board, id, false)
    this.#tell(board, id, frame)
  }

  #tell(board: string, id: string, frame: Buffer): void {
    for (const onFrame of this.#listeners.get(board) ?? []) onFrame(id, frame)
  }

  /** Stores the last frame of each slot. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.times[Symbol.dispose]()
    const flushes = Array.from(this.#entries.values(), ({ slot }) => slot.flush())
    for (const flush of flushes) inBackground(flush, this.#options.log)
    await Promise.allSettled(flushes)
  }

  get #parts(): SlotParts {
    const show: SlotParts['show'] = (board, id, frame) => {
      this.times.note(board, id, true)
      this.#remoteFrames.delete(`${board} ${id}`)
      this.#tell(board, id, frame)
      this.onOwnFrame(board, id, frame)
    }
    const noteFirst: SlotParts['noteFirst'] = (board, id) => this.times.note(board, id, true)
    const framesPerSecond = this.#options.bounds['frames-per-second']
    return { ...this.#options, framesPerSecond, show, noteFirst }
  }

  #forgetIdle(): void {
    this.#remoteFrames.purgeStale()
    for (const [key, { slot, place }] of this.#entries) {
      if (slot.idleMs < FORGET_AFTER_MS) continue
      place[Symbol.dispose]()
      this.#entries.delete(key)
    }
  }
}
