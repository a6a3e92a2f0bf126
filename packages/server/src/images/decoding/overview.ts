import sharp from 'sharp'
import { thumbHashToAverageRGBA } from 'thumbhash'
import { drawBlur, MAX_BLUR_SIDE_PX } from './blur.ts'
import { draw, type Pixels } from './pixels.ts'
import { sourceOf } from './source.ts'

/** The file that a tile is drawn from. */
export interface OverviewFile {
  /** The tile's place in the list. */
  readonly index: number
  /** Null if it can't be read. */
  readonly bytes: Uint8Array | null
  /** Whether browsers turn it as its EXIF orientation says. */
  readonly isOriented: boolean
}

/** Pictures side by side and on each other, the lowest first. */
export interface OverviewInput {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** Left, top, width and height of each tile, in pixels. */
  readonly boxes: Int32Array
  /** Thumbhashes in base64, by tile; empty for none. */
  readonly hashes: readonly string[]
  readonly files: readonly OverviewFile[]
}

interface Tile {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** The colour under the pictures, in each channel. */
const GROUND = 0xf2
/** A picture of which nothing is known yet. */
const UNKNOWN: Pixels = { data: Buffer.from([0xc8, 0xc8, 0xc8]), width: 1, height: 1, channels: 3 }
/** The encoding: a PNG takes ten times as long, and WebP five times. */
const JPEG = { quality: 80 } as const
/** Pixels of a file: stored pictures have no more, and a larger one is left as its average colour. */
const MAX_FILE_PIXEL_COUNT = 40_000_000

/** Draws tiles as one JPEG. A file that can't be decoded is left as its average colour. */
export async function drawOverview(input: OverviewInput): Promise<Buffer> {
  const { width, height, boxes, hashes, files } = input
  const tileAt = (index: number): Tile => {
    const [left, top, across, down] = boxes.subarray(index * 4, index * 4 + 4)
    return { left: left!, top: top!, width: across!, height: down! }
  }
  const drawn = new Map<number, Pixels | null>()
  await Promise.all(
    files.map(async ({ index, bytes, isOriented }) => {
      const { width: across, height: down } = tileAt(index)
      const side = Math.max(across, down)
      const pixels = bytes
        ? draw({ ...sourceOf(bytes), isOriented }, side, MAX_FILE_PIXEL_COUNT).catch(() => null)
        : null
      drawn.set(index, await pixels)
    }),
  )
  const data = Buffer.alloc(width * height * 3, GROUND)
  const canvas = { data, width, height }
  for (const [index, hash] of hashes.entries()) {
    const tile = tileAt(index)
    paint(canvas, tile, drawn.get(index) ?? standIn(hash, tile, drawn.has(index)))
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg(JPEG)
    .toBuffer()
}

/** Returns a picture's blur, or its average colour. */
function standIn(hash: string, { width, height }: Tile, isAverage: boolean): Pixels {
  if (hash === '') return UNKNOWN
  const bytes = Buffer.from(hash, 'base64')
  if (!isAverage && bytes.length > 5)
    return drawBlur(bytes, Math.min(width, MAX_BLUR_SIDE_PX), Math.min(height, MAX_BLUR_SIDE_PX))
  const { r, g, b, a } = thumbHashToAverageRGBA(bytes)
  const data = Buffer.from([r, g, b, a].map((value) => Math.round(value * 255)))
  return { data, width: 1, height: 1, channels: 4 }
}

interface Canvas {
  readonly data: Buffer
  readonly width: number
  readonly height: number
}

/** Lays a picture over a canvas of RGB, stretched to its tile. */
function paint(canvas: Canvas, tile: Tile, picture: Pixels): void {
  const { data: target } = canvas
  const { data: source, channels } = picture
  const hasAlpha = channels === 4 || channels === 2
  const [second, third] = channels > 2 ? [1, 2] : [0, 0]
  const left = Math.max(0, tile.left)
  const right = Math.min(tile.left + tile.width, canvas.width)
  const bottom = Math.min(tile.top + tile.height, canvas.height)
  const [acrossFactor, downFactor] = [picture.width / tile.width, picture.height / tile.height]
  for (let y = Math.max(0, tile.top); y < bottom; y++) {
    const row = Math.floor((y - tile.top + 0.5) * downFactor) * picture.width
    let to = (y * canvas.width + left) * 3
    for (let x = left; x < right; x++, to += 3) {
      const from = (row + Math.floor((x - tile.left + 0.5) * acrossFactor)) * channels
      const alpha = hasAlpha ? source[from + channels - 1]! : 255
      if (alpha === 255) {
        target[to] = source[from]!
        target[to + 1] = source[from + second]!
        target[to + 2] = source[from + third]!
      } else {
        const under = 255 - alpha
        target[to] = (source[from]! * alpha + target[to]! * under) / 255
        target[to + 1] = (source[from + second]! * alpha + target[to + 1]! * under) / 255
        target[to + 2] = (source[from + third]! * alpha + target[to + 2]! * under) / 255
      }
    }
  }
}
