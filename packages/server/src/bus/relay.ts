import { type Arrivals, limits, WireError } from '@wirephoto/board'
import type { FastifyBaseLogger } from 'fastify'
import type { Access } from '../access/access.ts'
import type { Boards } from '../boards/boards.ts'
import type { LiveBoard } from '../boards/live-board.ts'
import type { Spent } from '../boards/picture-rates.ts'
import type { IncomingFiles } from '../images/uploads/incoming-files.ts'
import { isWebp } from '../images/uploads/large-previews.ts'
import type { UploadProgress } from '../images/uploads/progress.ts'
import { inBackground } from '../in-background.ts'
import type { Gateway } from '../live/gateway.ts'
import { readFrame } from '../slots/read-frame.ts'
import type { Slots } from '../slots/slots.ts'
import { type Bus, EVERY_BOARD } from './bus.ts'
import { type BusMessage, sumsOf } from './message.ts'

/** Time between two messages that name all uploads under way. */
const REFRESH_INTERVAL_MS = 5_000
/** Uploads in one message: 80 KB. */
const UPLOADS_PER_MESSAGE_COUNT = 500
/** Previews that a server gets that has just opened a board. */
const PREVIEWS_PER_ANSWER_COUNT = 64

interface Options {
  readonly bus: Bus
  readonly boards: Boards
  readonly incomingFiles: IncomingFiles
  readonly uploadProgress: UploadProgress
  readonly slots: Slots
  readonly gateway: Pick<Gateway, 'receive' | 'onPeer'>
  readonly access: Pick<Access, 'onEnded' | 'lookAgain' | 'wrongTries'>
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

/** Tells other servers what is ephemeral here, and shows here what they tell. */
export class Relay implements Disposable {
  readonly #options: Options
  readonly #openBoards = new Map<string, LiveBoard>()
  /** Amounts of this turn of the event loop that other servers are told of at its end. */
  #spent: Spent[] = []
  readonly #timer: NodeJS.Timeout

  constructor(options: Options) {
    this.#options = options
    const { bus, boards, uploadProgress, slots, gateway, access } = options
    boards.onOpen((board) => this.#follow(board))
    uploadProgress.ownListener = {
      onProgress: (board, body) => bus.publish(board, { kind: 'arrivals', body }),
      onPreview: (board, id, bytes) => bus.publish(board, { kind: 'preview', id, bytes }),
    }
    slots.onOwnFrame = (board, id, bytes) => bus.publish(board, { kind: 'frame', id, bytes })
    access.onEnded(() => bus.publish(EVERY_BOARD, { kind: 'rights', body: {} }))
    // For all boards, since another server may have this one not open.
    boards.pictureRates.onSpent = (spent) => this.#tellSpent(spent)
    access.wrongTries.onWrong = (address) =>
      bus.publish(EVERY_BOARD, { kind: 'wrong', body: { address } })
    bus.subscribe(EVERY_BOARD, (message) => this.#receiveForAll(message))
    bus.onPeer(() => {
      gateway.onPeer()
      for (const board of this.#openBoards.keys()) bus.publish(board, { kind: 'ask', body: {} })
    })
    this.#timer = setInterval(() => this.#refresh(), REFRESH_INTERVAL_MS).unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #tellSpent(spent: Spent): void {
    this.#spent.push(spent)
    if (this.#spent.length > 1) return
    setImmediate(() => {
      const body = sumsOf(this.#spent)
      this.#spent = []
      if (body.length > 0) this.#options.bus.publish(EVERY_BOARD, { kind: 'spent', body })
    })
  }

  /** Takes what other servers tell of a board while it is open here. */
  #follow(board: LiveBoard): void {
    const { bus } = this.#options
    const { id } = board
    const unsubscribe = bus.subscribe(id, (message, from) => this.#receive(id, message, from))
    this.#openBoards.set(id, board)
    bus.publish(id, { kind: 'ask', body: {} })
    board.onOvertaken = () => bus.publish(id, { kind: 'turn', body: {} })
    board.onClosed = () => {
      unsubscribe()
      this.#openBoards.delete(id)
    }
  }

  /** Takes what concerns all boards. None of it is published again. */
  #receiveForAll(message: BusMessage): void {
    const { boards, access } = this.#options
    switch (message.kind) {
      case 'rights':
        return access.lookAgain()
      case 'spent':
        for (const spent of message.body) boards.pictureRates.receive(spent)
        return
      case 'wrong':
        return access.wrongTries.receive(message.body.address)
    }
  }

  #receive(board: string, message: BusMessage, from: string): void {
    const { uploadProgress, slots, gateway } = this.#options
    switch (message.kind) {
      case 'arrivals':
        return uploadProgress.receive(board, from, message.body)
      case 'preview':
        if (isPreview(message.bytes))
          uploadProgress.receivePreview(board, message.id, message.bytes)
        return
      case 'frame':
        if (isFrame(message.bytes)) slots.receive(board, message.id, message.bytes)
        return
      case 'shown':
        // No bytes end what is shown.
        if (message.bytes.length === 0 || isFrame(message.bytes))
          gateway.receive(board, message, from)
        return
      case 'ask':
        this.#tellUploads(board)
        return inBackground(this.#tellPreviews(board), this.#options.log)
      case 'turn':
        return this.#openBoards.get(board)?.giveWay()
      default:
        gateway.receive(board, message, from)
    }
  }

  /** Names all uploads again: a message may have been lost. */
  #refresh(): void {
    for (const board of this.#openBoards.keys()) this.#tellUploads(board)
  }

  #tellUploads(board: string): void {
    const { bus, uploadProgress } = this.#options
    const all = Object.entries(uploadProgress.ownSnapshot(board))
    for (let at = 0; at < all.length; at += UPLOADS_PER_MESSAGE_COUNT) {
      const body: Arrivals = Object.fromEntries(all.slice(at, at + UPLOADS_PER_MESSAGE_COUNT))
      bus.publish(board, { kind: 'arrivals', body })
    }
  }

  async #tellPreviews(board: string): Promise<void> {
    const { bus, uploadProgress, incomingFiles } = this.#options
    const shown = Object.entries(uploadProgress.ownSnapshot(board)).filter(
      ([, state]) => state?.preview,
    )
    for (const [id] of shown.slice(0, PREVIEWS_PER_ANSWER_COUNT)) {
      const bytes = await incomingFiles.readPreview(board, id)
      if (bytes) bus.publish(board, { kind: 'preview', id, bytes })
    }
  }
}

/** Whether bytes are a WebP of a preview's size. */
const isPreview = (bytes: Buffer): boolean => bytes.length <= limits.previewBytes && isWebp(bytes)

/** Whether bytes are a picture that a live slot takes: whatever a bus brings is shown to people (F9). */
function isFrame(bytes: Buffer): boolean {
  try {
    readFrame(Buffer.from(bytes), 'frame')
    return true
  } catch (error) {
    if (error instanceof WireError) return false
    throw error
  }
}
