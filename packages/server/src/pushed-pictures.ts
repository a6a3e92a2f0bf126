import { Readable } from 'node:stream'
import {
  cleanName,
  PictureQuery,
  parseOrThrow,
  type StoredImage,
  WireError,
} from '@wirephoto/board'
import type { Boards } from './boards/boards.ts'
import type { PictureAddresses } from './http/picture-addresses.ts'
import type { DirectUpload } from './images/uploads/direct-upload.ts'
import { PROGRAM } from './program-boards.ts'
import { readFrame } from './slots/read-frame.ts'

/** A file of a picture: its bytes, or where they are read from, as `createReadStream` returns it. */
export type PictureSource = Uint8Array | AsyncIterable<Uint8Array>

/** The words and the place of a pushed picture. All may be left out. */
export interface PushOptions {
  /** The file's name, as `harbour.jpg`. At most 255 characters are kept. */
  readonly name?: string
  /** At most 2,000 characters. */
  readonly caption?: string
  /** The name of whose picture it is, as people see it. */
  readonly by?: string
  /**
   * The picture's left edge, in board units: a new picture is 240 of them high. At most ten million from the origin.
   * Default: a free place, with `y`.
   */
  readonly x?: number
  /** The picture's upper edge, likewise. */
  readonly y?: number
  /** The picture's width, in board units, above zero and at most 100,000. Default: that of a row of pictures. */
  readonly w?: number
  /** Ends the push when it is aborted. Nothing of the picture stays then. */
  readonly signal?: AbortSignal
}

/** A picture as it is stored: its record, with its addresses. */
export type PushedPicture = StoredImage & PictureAddresses

interface Options {
  readonly boards: Boards
  readonly directUpload: DirectUpload
  readonly addressesOf: (board: string, id: string) => PictureAddresses
  /** Has everybody who looks at a board see a file that isn't kept. Returns how many pages and walls that are. */
  readonly showFile: (board: string, file: Buffer) => number
}

/** The pictures that come from the program that the server is a part of. */
export class PushedPictures {
  readonly #options: Options
  readonly #inFlight = new Set<Promise<unknown>>()
  readonly #closing = new AbortController()

  constructor(options: Options) {
    this.#options = options
  }

  /**
   * Adds and stores a picture. Rejects with `WireError`: `unknown-board`, `bad-request` and `unknown-field` for the
   * options, what an upload is refused with, and `stopping` once it closes. Rejects with the reason of `signal`, and
   * with the error of a stream that fails. A stream is destroyed in the end.
   */
  async push(
    board: string,
    picture: PictureSource,
    options: PushOptions = {},
  ): Promise<PushedPicture> {
    const pushed = this.#push(board, picture, options)
    this.#inFlight.add(pushed)
    return pushed.finally(() => this.#inFlight.delete(pushed))
  }

  /**
   * Shows a picture on every page and wall of a board, and keeps it nowhere. Resolves with how many of them there are.
   * Rejects with `WireError`: `unknown-board`, what a frame is refused with, and `stopping`.
   */
  async show(board: string, picture: Uint8Array): Promise<number> {
    this.#closing.signal.throwIfAborted()
    const { boards, showFile } = this.#options
    using held = await boards.hold(board)
    return showFile(held.board.id, readFrame(Buffer.from(picture), 'picture'))
  }

  /** Ends the pushes that are under way. */
  async close(): Promise<void> {
    this.#closing.abort(new WireError('stopping'))
    await Promise.allSettled(this.#inFlight)
  }

  async #push(
    board: string,
    picture: PictureSource,
    { signal, ...given }: PushOptions,
  ): Promise<PushedPicture> {
    const ended = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])])
    const isWhole = picture instanceof Uint8Array
    const source = isWhole ? Readable.from([picture], { objectMode: false }) : readableOf(picture)
    // It may fail before anybody reads it.
    source.on('error', () => {})
    try {
      ended.throwIfAborted()
      const { name = '', ...place } = parseOrThrow(PictureQuery, given)
      const { boards, directUpload, addressesOf } = this.#options
      using held = await boards.hold(board)
      const length = isWhole ? picture.length : null
      const file = { source, length, name: cleanName(name), place }
      const [stored] = await directUpload.storeAll(held.board, PROGRAM, [file], ended)
      return { ...stored!, ...addressesOf(board, stored!.id) }
    } catch (error) {
      ended.throwIfAborted()
      throw source.errored ?? error
    } finally {
      source.destroy()
    }
  }
}

const readableOf = (chunks: AsyncIterable<Uint8Array>): Readable =>
  chunks instanceof Readable ? chunks : Readable.from(chunks, { objectMode: false })
