import { WireError } from '@wirephoto/board'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import type { Bounds } from '../bounds.ts'
import { FairSlots, type Slot } from '../fairness/fair-slots.ts'
import { partyOf } from '../fairness/party.ts'
import { inBackground } from '../in-background.ts'
import { LiveSlot, type SlotParts } from './live-slot.ts'

/** Time without a frame after which nothing of a slot is kept in memory. Its tile stays. */
const FORGET_AFTER_MS = 30_000
const FORGET_INTERVAL_MS = 10_000

type ShowFrame = (id: string, frame: Buffer) => void
type ShowFrameAt = (board: string, id: string, frame: Buffer) => void

interface SlotsOptions extends Omit<SlotParts, 'show' | 'framesPerSecond'> {
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
  readonly #timer: NodeJS.Timeout
  /** Told of the frames that came to this server, so that others may show them. */
  onOwnFrame: ShowFrameAt = () => {}
  #isClosed = false

  constructor(options: SlotsOptions) {
    this.#options = options
    this.#places = new FairSlots(options.bounds['live-slots'])
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

  /** Shows a frame, of this server or of another one, to those who look at the board here. */
  receive(board: string, id: string, frame: Buffer): void {
    for (const onFrame of this.#listeners.get(board) ?? []) onFrame(id, frame)
  }

  /** Stores the last frame of each slot. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    const flushes = Array.from(this.#entries.values(), ({ slot }) => slot.flush())
    for (const flush of flushes) inBackground(flush, this.#options.log)
    await Promise.allSettled(flushes)
  }

  get #parts(): SlotParts {
    const show: SlotParts['show'] = (board, id, frame) => {
      this.receive(board, id, frame)
      this.onOwnFrame(board, id, frame)
    }
    return { ...this.#options, framesPerSecond: this.#options.bounds['frames-per-second'], show }
  }

  #forgetIdle(): void {
    for (const [key, { slot, place }] of this.#entries) {
      if (slot.idleMs < FORGET_AFTER_MS) continue
      place[Symbol.dispose]()
      this.#entries.delete(key)
    }
  }
}
