import { Readable } from 'node:stream'
import {
  type ImageRecord,
  isHeldFor,
  isPausedFor,
  isRetryable,
  may,
  WireError,
} from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'
import type { ReplacedFiles } from '../images/replaced-files.ts'
import type { DirectUpload } from '../images/uploads/direct-upload.ts'
import { inBackground } from '../in-background.ts'
import { RateLimiter } from '../live/rate-limiter.ts'
import { ClosedSenders } from './closed-senders.ts'
import { readFrame } from './read-frame.ts'
import { tileOf } from './slot-tiles.ts'

/** Time between two frames that are decoded and stored. */
const STORE_INTERVAL_MS = 1_000
/** The signal of what nobody breaks off. */
const NEVER = new AbortController().signal
/** Errors after which the next frame may be stored, though nothing of them is the frame's fault. */
const QUOTA_CODES: ReadonlySet<string> = new Set([
  'pictures-full',
  'link-full',
  'disk-full',
  'too-fast',
])

export interface SlotParts {
  readonly boards: Boards
  readonly directUpload: DirectUpload
  readonly replacedFiles: ReplacedFiles
  readonly framesPerSecond: number
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  /** Shows a frame to everybody who looks at the board. */
  readonly show: (board: string, id: string, frame: Buffer) => void
  /** Notes that the first frame of a tile has come, which everybody sees as a change. */
  readonly noteFirst: (board: string, id: string) => void
}

/** A frame that may still be stored. */
interface WaitingFrame {
  readonly bytes: Buffer
  readonly sender: Sender
}

/**
 * One live slot of a board on this server. Its tile is a picture of the board:
 *
 *     frame ──► checked, scrubbed ──► everybody's sockets, latest wins
 *                                └──► once a second: decoded, stored, the tile's file
 */
export class LiveSlot {
  readonly #board: string
  readonly #name: string
  readonly #parts: SlotParts
  readonly #rate: RateLimiter
  readonly #closedTo = new ClosedSenders()
  /** The tile's id, once it is known. */
  #id: string | null = null
  /** Settles when the tile that is being made is there, or can't be. */
  #creating: Promise<unknown> | null = null
  /** The latest frame that isn't stored. */
  #waiting: WaitingFrame | null = null
  #storing: Promise<void> | null = null
  #storedAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #pushedAt = performance.now()
  /** The newest frame, while it isn't stored. */
  #newest: Buffer | null = null
  /** Whether it stores no more. */
  #isFlushed = false
  #isEnded = false

  constructor(board: string, name: string, parts: SlotParts) {
    this.#board = board
    this.#name = name
    this.#parts = parts
    this.#rate = new RateLimiter(parts.framesPerSecond, parts.framesPerSecond)
  }

  /** Time since its last frame. */
  get idleMs(): number {
    return this.#waiting || this.#storing ? 0 : performance.now() - this.#pushedAt
  }

  /** The newest frame, while it isn't stored; null for the tile's file. */
  get newest(): Buffer | null {
    return this.#newest
  }

  /** Whether somebody has ended it. The next frame is the first one of another slot. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /**
   * Throws if it takes no frame of a sender at the moment: `not-allowed`, `adding-paused`, `slot-in-trash`, or the
   * reason for which it is closed to them.
   */
  assertOpen(board: LiveBoard, sender: Sender): void {
    this.#closedTo.assertOpen(sender)
    if (isPausedFor(sender, board.records)) throw new WireError('adding-paused')
    // Nobody could look at each frame before others see it.
    if (isHeldFor(sender, board.records)) throw new WireError('not-allowed')
    const tile = this.#tile(board)
    if (tile && !may(sender, 'image.revert', tile)) throw new WireError('not-allowed')
    if (tile && tile.deletedAt !== null) throw new WireError('slot-in-trash')
  }

  /** Whether another frame may come this second. */
  takesFrame(): boolean {
    return this.#rate.spend()
  }

  /**
   * Shows a frame on the tile, for everybody and at once. The first one makes the tile, so it is stored before. Resolves
   * to the tile's id. Throws as `assertOpen` and `readFrame` do.
   */
  async push(board: LiveBoard, sender: Sender, bytes: Buffer): Promise<string> {
    this.assertOpen(board, sender)
    const frame = readFrame(bytes, this.#name)
    this.#pushedAt = performance.now()
    if (!this.#tile(board)) {
      const made = await this.#create(board, sender, frame)
      if (made) {
        this.#parts.noteFirst(this.#board, made.id)
        return made.id
      }
    }
    const tile = this.#tile(board)
    if (!tile) throw new WireError('unknown-picture')
    this.#parts.show(this.#board, tile.id, frame)
    this.#newest = frame
    this.#waiting = { bytes: frame, sender }
    this.#storeSoon()
    return tile.id
  }

  /** Stores the last frame at once, and takes no other one. */
  async end(): Promise<void> {
    this.#isEnded = true
    await this.flush()
  }

  /** Stores the last frame at once. */
  async flush(): Promise<void> {
    await this.#storing
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isFlushed = true
    await this.#store()
  }

  #tile({ records }: LiveBoard): ImageRecord | undefined {
    const known = this.#id === null ? undefined : records.get(this.#id)
    if (known?.kind === 'image' && known.slot === this.#name) return known
    const found = tileOf(records, this.#name)
    this.#id = found?.id ?? null
    return found
  }

  /** Makes the tile of the first frame. Null if another request, or another server, has made it meanwhile. */
  async #create(board: LiveBoard, sender: Sender, bytes: Buffer): Promise<ImageRecord | null> {
    if (this.#creating) {
      await this.#creating
      return null
    }
    const creating = this.#createAlone(board, sender, bytes)
    this.#creating = creating.catch(() => {})
    try {
      return await creating
    } catch (error) {
      this.#close(error, sender)
      throw error
    } finally {
      this.#creating = null
    }
  }

  async #createAlone(board: LiveBoard, sender: Sender, bytes: Buffer): Promise<ImageRecord | null> {
    await board.refresh()
    if (this.#tile(board)) return null
    this.#storedAt = performance.now()
    const picture = { ...sourceOf(bytes), name: this.#name, place: {}, slot: this.#name }
    const [stored] = await this.#parts.directUpload.storeAll(board, sender, [picture])
    return stored!
  }

  #storeSoon(): void {
    if (this.#timer || this.#storing || this.#isFlushed) return
    const waitMs = Math.max(0, this.#storedAt + STORE_INTERVAL_MS - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#storing = this.#store().finally(() => {
        this.#storing = null
        if (this.#waiting) this.#storeSoon()
      })
      inBackground(this.#storing, this.#parts.log)
    }, waitMs)
  }

  /** Decodes and stores the frame that waits, as the tile's file. One that comes meanwhile waits in its turn. */
  async #store(): Promise<void> {
    const frame = this.#waiting
    if (!frame) return
    this.#waiting = null
    this.#storedAt = performance.now()
    const { sender, bytes } = frame
    try {
      using held = await this.#parts.boards.hold(this.#board)
      const tile = this.#tile(held.board)
      if (!tile || tile.deletedAt !== null) return
      await this.#parts.directUpload.replace(held.board, tile, sourceOf(bytes), {
        sender,
        ended: NEVER,
        settle: async (file) => {
          const now = this.#tile(held.board)
          if (now && now.blob !== file.settle.blob)
            await this.#parts.replacedFiles.replace(held.board, now, file, sender)
        },
      })
    } catch (error) {
      if (this.#close(error, sender) || isGone(error)) return
      // The database, or a decoder, may have time for it later.
      this.#waiting ??= frame
      if (!(error instanceof WireError)) throw error
    } finally {
      this.#newest = this.#waiting?.bytes ?? null
    }
  }

  /** Closes the slot to a sender for a time, if an error is one that they should hear of. */
  #close(error: unknown, sender: Sender): boolean {
    if (!(error instanceof WireError)) return false
    const isQuota = QUOTA_CODES.has(error.code)
    if (isRetryable(error.code) && !isQuota) return false
    const because = `The last frame of ${this.#name} couldn't be opened. Send pictures that are whole.`
    const told = isQuota ? error : new WireError('too-many', { because }, { cause: error })
    this.#closedTo.close(sender, told)
    return true
  }
}

const isGone = (error: unknown): boolean =>
  error instanceof WireError && (error.code === 'unknown-board' || error.code === 'upload-gone')

const sourceOf = (bytes: Buffer) => ({
  source: Readable.from([bytes], { objectMode: false }),
  length: bytes.length,
})
