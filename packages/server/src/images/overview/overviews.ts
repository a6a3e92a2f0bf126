import { setImmediate } from 'node:timers/promises'
import {
  type Box,
  type Cursor,
  type ImageRecord,
  picturesOnBoard,
  STAND_IN_SIDE_PX,
  WireError,
} from '@wirephoto/board'
import { LRUCache } from 'lru-cache'
import type { LiveBoard } from '../../boards/live-board.ts'
import type { Party } from '../../fairness/party.ts'
import type { Decoder } from '../decoding/decoder.ts'
import type { OverviewFile } from '../decoding/overview.ts'
import type { StoredFiles } from '../stored-files.ts'
import { variantKey } from '../variant-key.ts'
import type { Variants } from '../variants.ts'
import { areaOf, type Frame, frameOf, type TileBox, tileIn } from './frame.ts'

/** A board, or a part of it, as one picture. */
export interface Overview {
  readonly cursor: Cursor
  /** JPEG. */
  readonly bytes: Buffer
  readonly area: Box
}

/** Pixels up to which a picture is drawn from its blur: a file shows little more of it, and takes a hundred times as long. */
const MAX_BLUR_PIXEL_COUNT = 200
/** Files that are read for one overview, and their bytes together. */
const MAX_FILE_COUNT = 1_000
const MAX_FILES_BYTES = 32_000_000
/** A larger file isn't decoded where it has no variant yet. */
const MAX_ORIGINAL_BYTES = 262_144
/** Pixels that are drawn of files: four times those of the overview, as pictures may lie on each other. */
const MAX_FILE_PIXEL_COUNT = 4_000_000
/** Pixels that are painted in all. Nothing below so many layers is seen. */
const MAX_PAINTED_PIXEL_COUNT = 40_000_000
/** Files that are read at a time. */
const FILES_PER_TURN_COUNT = 32
/** Records that are looked at before other work on this thread has a turn. */
const RECORDS_PER_TURN_COUNT = 2_000
const CACHED_OVERVIEWS_BYTES = 16_000_000
/** Types of which a small file is decoded here; the others need more than their bytes. */
const DRAWN_TYPES: readonly unknown[] = ['image/jpeg', 'image/png', 'image/gif', 'image/webp']
/** Verdicts on a file: the overview is drawn without files then. */
const FILE_FAULTS: readonly unknown[] = ['damaged', 'too-heavy', 'too-many-pixels']

type Board = Pick<LiveBoard, 'id' | 'cursor' | 'records'>

interface Source {
  readonly board: Board
  readonly area: Box | null
  readonly party: Party
}

interface Tile extends TileBox {
  readonly picture: ImageRecord
}

interface OverviewParts {
  readonly files: Pick<StoredFiles, 'readVariant' | 'readWhole'>
  readonly variants: Pick<Variants, 'remake'>
  readonly decoder: Pick<Decoder, 'drawOverview'>
}

/** Boards as one picture each, drawn once for all who ask at the same cursor. */
export class Overviews {
  readonly #parts: OverviewParts
  readonly #cache = new LRUCache<string, Overview, Source>({
    maxSize: CACHED_OVERVIEWS_BYTES,
    sizeCalculation: ({ bytes }) => bytes.length,
    // One that loses its place in the cache still answers its readers.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _outdated, { context }) => this.#draw(context),
  })

  constructor(parts: OverviewParts) {
    this.#parts = parts
  }

  /**
   * Draws what stands on a board, or in an area of it, as it is now or newer. Per board and area one is drawn at a
   * time (F7). Rejects with `busy` if too much waits for a decoder.
   */
  async get(board: Board, area: Box | null, party: Party): Promise<Overview> {
    const { cursor } = board
    const source = { board, area, party }
    const overview = await this.#fetch(source)
    // One that was begun before this call may be older; the next one is not.
    return overview.cursor === cursor ? overview : this.#fetch(source)
  }

  async #fetch(context: Source): Promise<Overview> {
    const { board, area } = context
    const key = `${board.id} ${area ? [area.x, area.y, area.w, area.h].join() : ''}`
    const forceRefresh = this.#cache.peek(key)?.cursor !== board.cursor
    return this.#cache.forceFetch(key, { context, forceRefresh })
  }

  async #draw({ board, area, party }: Source): Promise<Overview> {
    const { cursor, id } = board
    // Records are replaced, never changed: a list of them stays what it is while the board goes on.
    const pictures = picturesOnBoard(board.records)
    await setImmediate()
    const frame = frameOf(area ?? areaOf(pictures))
    await setImmediate()
    const tiles = await this.#tilesOf(pictures, frame)
    const files = await this.#read(id, tiles)
    const boxes = new Int32Array(tiles.length * 4)
    for (const [i, { left, top, width, height }] of tiles.entries())
      boxes.set([left, top, width, height], i * 4)
    const hashes = tiles.map(({ picture }) => picture.thumbhash ?? '')
    const { width, height } = frame
    const input = { width, height, boxes, hashes, files }
    const bytes = await this.#parts.decoder.drawOverview(input, party).catch((error: unknown) => {
      if (!(error instanceof WireError && FILE_FAULTS.includes(error.code))) throw error
      return this.#parts.decoder.drawOverview({ ...input, files: [] }, party)
    })
    return { cursor, bytes: Buffer.from(bytes), area: frame.area }
  }

  /** Returns the tiles that are seen, the lowest first. */
  async #tilesOf(pictures: ImageRecord[], frame: Frame): Promise<Tile[]> {
    pictures.sort((a, b) => (a.z < b.z ? -1 : 1))
    await setImmediate()
    const tiles: Tile[] = []
    let left = MAX_PAINTED_PIXEL_COUNT
    for (let i = pictures.length - 1; i >= 0 && left > 0; i--) {
      const picture = pictures[i]!
      const box = tileIn(frame, picture)
      if (box) {
        tiles.push({ ...box, picture })
        left -= seenPixelsOf(box, frame)
      }
      if (i % RECORDS_PER_TURN_COUNT === 0) await setImmediate()
    }
    return tiles.reverse()
  }

  /** Reads the files of the uppermost tiles that are large enough to show more than a blur. */
  async #read(board: string, tiles: readonly Tile[]): Promise<OverviewFile[]> {
    const wanted: { index: number; tile: Tile }[] = []
    let pixelsLeft = MAX_FILE_PIXEL_COUNT
    for (let index = tiles.length - 1; index >= 0 && wanted.length < MAX_FILE_COUNT; index--) {
      const tile = tiles[index]!
      const pixels = tile.width * tile.height
      if (pixels <= MAX_BLUR_PIXEL_COUNT || pixels > pixelsLeft) continue
      pixelsLeft -= pixels
      wanted.push({ index, tile })
    }
    const found: OverviewFile[] = []
    let bytesLeft = MAX_FILES_BYTES
    for (let i = 0; i < wanted.length && bytesLeft > 0; i += FILES_PER_TURN_COUNT) {
      const files = await Promise.all(
        wanted.slice(i, i + FILES_PER_TURN_COUNT).map(async ({ index, tile }) => {
          const file = await this.#fileFor(board, tile)
          return file === undefined ? [] : { index, ...file }
        }),
      )
      for (const file of files.flat()) {
        bytesLeft -= file.bytes?.length ?? 0
        found.push(file)
      }
    }
    return found
  }

  /** Reads the smallest file that shows a tile sharply. Undefined if it has none; without bytes if that can't be read. */
  async #fileFor(
    board: string,
    { picture, width, height }: Tile,
  ): Promise<Omit<OverviewFile, 'index'> | undefined> {
    const { blob, bytes, type, variants } = picture
    if (blob === null) return undefined
    const pixels = Math.max(width, height)
    const drawn = (variants ?? []).filter((side) => side < STAND_IN_SIDE_PX)
    const isSmall = bytes !== null && bytes <= MAX_ORIGINAL_BYTES && DRAWN_TYPES.includes(type)
    const side =
      drawn.find((each) => each >= pixels) ??
      (isSmall ? undefined : (drawn.at(-1) ?? variants?.[0]))
    if (side === undefined && !isSmall) return undefined
    const { files, variants: maker } = this.#parts
    try {
      if (side === undefined)
        return { bytes: await files.readWhole(blob), isOriented: type !== 'image/webp' }
      const variant = await files.readVariant(variantKey(blob, side))
      // One that is lost or rotten is made again (C20).
      if (!variant) maker.remake(board, picture)
      return { bytes: variant, isOriented: false }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      return { bytes: null, isOriented: false }
    }
  }
}

/** Counts the pixels of a tile that lie in the frame. */
function seenPixelsOf({ left, top, width, height }: TileBox, frame: Frame): number {
  const across = Math.min(left + width, frame.width) - Math.max(left, 0)
  const down = Math.min(top + height, frame.height) - Math.max(top, 0)
  return across * down
}
