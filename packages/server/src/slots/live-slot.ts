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
import { isAnonymous } from '../visitors.ts'
import { readFrame } from './read-frame.ts'

/** Time between two frames that are decoded and stored. */
const STORE_INTERVAL_MS = 1_000
/** Time for which a slot takes nothing of a sender whose frame can't be decoded. */
const CLOSED_MS = 10_000
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
}

/** A frame that may still be stored. */
interface WaitingFrame {
  readonly bytes: Buffer
  readonly sender: Sender
}

/** A slot that is closed to one sender, until a monotonic time. */
interface Closing {
  readonly error: WireError
  readonly until: number
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
  readonly #closedTo = new Map<string, Closing>()
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
  /** Whether the server stops, and stores no more. */
  #isFlushed = false

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

  /**
   * Throws if it takes no frame of a sender at the moment: `not-allowed`, `adding-paused`, `slot-in-trash`, or the
   * reason for which it is closed to them.
   */
  assertOpen(board: LiveBoard, sender: Sender): void {
    const closing = this.#closedTo.get(keyOf(sender))
    if (closing && closing.until > performance.now()) {
      const { code, facts } = closing.error
      const retryAfterS = Math.ceil((closing.until - performance.now()) / 1000)
      throw new WireError(code, { ...facts, retryAfterS })
    }
    this.#closedTo.delete(keyOf(sender))
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
      if (made) return made.id
    }
    const tile = this.#tile(board)
    if (!tile) throw new WireError('unknown-picture')
    this.#parts.show(this.#board, tile.id, frame)
    this.#waiting = { bytes: frame, sender }
    this.#storeSoon()
    return tile.id
  }

  /** Stores the last frame at once. */
  async flush(): Promise<void> {
    await this.#storing
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isFlushed = true
    await this.#store()
  }

  /** Finds the tile: the oldest, if two servers have made one at the same moment. */
  #tile(board: LiveBoard): ImageRecord | undefined {
    const isTile = (id: string | null): ImageRecord | undefined => {
      const record = id === null ? undefined : board.records.get(id)
      return record?.kind === 'image' && record.slot === this.#name ? record : undefined
    }
    const known = isTile(this.#id)
    if (known) return known
    const [first] = [...board.records.keys()].filter(isTile).sort()
    this.#id = first ?? null
    return isTile(this.#id)
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
    }
  }

  /** Closes the slot to a sender for a time, if an error is one that they should hear of. */
  #close(error: unknown, sender: Sender): boolean {
    if (!(error instanceof WireError)) return false
    const isQuota = QUOTA_CODES.has(error.code)
    if (isRetryable(error.code) && !isQuota) return false
    const because = `The last frame of ${this.#name} couldn't be opened. Send pictures that are whole.`
    const told = isQuota ? error : new WireError('too-many', { because }, { cause: error })
    this.#closedTo.set(keyOf(sender), { error: told, until: performance.now() + CLOSED_MS })
    return true
  }
}

/** A sender without a token is another visitor at each request, so its address stands for it. */
const keyOf = ({ visitor, address = '' }: Sender): string =>
  isAnonymous(visitor) ? address : visitor

const isGone = (error: unknown): boolean =>
  error instanceof WireError && (error.code === 'unknown-board' || error.code === 'upload-gone')

const sourceOf = (bytes: Buffer) => ({
  source: Readable.from([bytes], { objectMode: false }),
  length: bytes.length,
})
