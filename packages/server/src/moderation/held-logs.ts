import {
  boardOf,
  type HeldPicture,
  heldLogOf,
  type ImageRecord,
  isHeldFor,
  isHeldLog,
  isPausedFor,
  picturesOnBoard,
  type Role,
  settings,
  WireError,
} from '@wirephoto/board'
import { type Boards, type HeldBoard, SERVER } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Sender } from '../boards/sender.ts'

/** Somebody who asks for a picture that may wait. */
type Reader = Pick<Sender, 'visitor'> & { readonly role: Role | 'server' }

/**
 * The logs in which pictures of guests wait for a moderator, one beside each board that has ever needed it.
 *
 * A held log is a board to the engine: its files are kept and swept, and it is followed and resumed. It has no address
 * of its own: the guard lets those read it who own its board. Its pictures are reached by the board's own addresses, by
 * their senders and those owners.
 */
export class HeldLogs {
  readonly #boards: Boards
  /** Logs that have been rid of what a crash has left in them. */
  readonly #cleared = new WeakMap<LiveBoard, Promise<void>>()

  constructor(boards: Boards) {
    this.#boards = boards
  }

  /** Opens the held log of a board; null if there is none. */
  async find(board: LiveBoard): Promise<HeldBoard | null> {
    if (isHeldLog(board.id)) return null
    const log = await this.#boards.holdHeldLog(board.id)
    if (!log) return null
    const known = this.#cleared.get(log.board)
    const removed = known ?? this.#removeStanding(board, log.board)
    if (!known) this.#cleared.set(log.board, removed)
    // If this fails, the next one who approves such a picture does it.
    await removed.catch(() => {})
    return log
  }

  /** Opens the held log of a board, which is made if there is none. It takes the settings over that files need. */
  async open(board: LiveBoard): Promise<HeldBoard> {
    const log = (await this.find(board)) ?? (await this.#boards.holdNamed(heldLogOf(board.id)))
    try {
      const { keepMetadata, trashDays } = settings(board.records)
      const known = settings(log.board.records)
      if (known.keepMetadata !== keepMetadata || known.trashDays !== trashDays)
        await log.board.act([{ kind: 'board.patch', set: { keepMetadata, trashDays } }], SERVER)
      return log
    } catch (error) {
      log[Symbol.dispose]()
      throw error
    }
  }

  /**
   * Opens the place for new pictures of a sender: the board, or its held log. Rejects with `adding-paused`, before a
   * byte of them is read.
   */
  async openFor(board: LiveBoard, sender: Sender): Promise<HeldBoard> {
    if (isPausedFor(sender, board.records)) throw new WireError('adding-paused')
    return isHeldFor(sender, board.records) ? this.open(board) : heldByCaller(board)
  }

  /** Opens the place of a picture: its held log if it waits there and the reader may see it, else the board. */
  async homeOf(board: LiveBoard, id: string, reader: Reader): Promise<HeldBoard> {
    if (board.records.has(id)) return heldByCaller(board)
    const log = await this.find(board)
    if (!log) return heldByCaller(board)
    if (!log.board.records.has(id)) await log.board.refresh()
    const image = log.board.records.get(id)
    if (image?.kind === 'image' && isReadableBy(image, reader)) return log
    log[Symbol.dispose]()
    return heldByCaller(board)
  }

  /** Finds a picture that waits, by its blob and perhaps a variant of it, if the reader may see it. */
  async pictureWithBlob(
    board: LiveBoard,
    reader: Reader,
    sha256: string,
    side?: number,
  ): Promise<{ readonly log: string; readonly image: ImageRecord } | null> {
    using log = await this.find(board)
    if (!log) return null
    const has = (image: ImageRecord): boolean =>
      image.blob === sha256 &&
      (side === undefined || image.variants?.includes(side) === true) &&
      isReadableBy(image, reader)
    const image = picturesOnBoard(log.board.records).find(has)
    return image ? { log: log.board.id, image } : null
  }

  /** Lists the pictures that wait, oldest first: those of a sender, and all to those who own the board. */
  async list(board: LiveBoard, reader: Reader): Promise<HeldPicture[]> {
    using log = await this.find(board)
    if (!log) return []
    await log.board.refresh()
    return picturesOnBoard(log.board.records)
      .filter((image) => isReadableBy(image, reader))
      .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
      .map((image) => ({ ...image, state: image.blob === null ? 'arriving' : 'waiting' }))
  }

  /** Takes the pictures out of a log that stand on the board: a crash came between. */
  async #removeStanding(board: LiveBoard, log: LiveBoard): Promise<void> {
    const left = [...log.records.values()].filter(
      (record) => record.kind === 'image' && board.records.has(record.id),
    )
    if (left.length > 0)
      await log.act(
        left.map(({ id }) => ({ kind: 'image.release', id })),
        SERVER,
      )
  }
}

/** Whether a picture that waits is for somebody's eyes. */
const isReadableBy = ({ author }: ImageRecord, { visitor, role }: Reader): boolean =>
  role === 'own' || author === visitor

/** A board that its caller holds for longer. */
const heldByCaller = (board: LiveBoard): HeldBoard => ({ board, [Symbol.dispose]() {} })

/** Returns whether a picture that was added there waits for a moderator. */
export const waitsIn = ({ id }: Pick<LiveBoard, 'id'>): boolean => boardOf(id) !== id
