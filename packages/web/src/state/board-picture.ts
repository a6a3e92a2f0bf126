import type { Box, ImageRecord } from '@wirephoto/board'
import { type Board, blobUrl } from '@wirephoto/client'
import { newCanvas } from '../browser/canvas.ts'

/** The longest side that every browser draws. */
const MAX_SIDE_PX = 8_192
/** The largest canvas of an iPhone has as many pixels. Others get more. */
const PHONE_AREA_PX = 16_777_216
const MAX_AREA_PX = 64_000_000
/** Pixels for each board unit, where the board is small: as on a good screen. */
const MAX_SCALE_FACTOR = 2
const MARGIN_UNITS = 24
/** Tries, each with half of the sides. */
const TRY_COUNT = 3
/** Pictures that are loaded while others are drawn. */
const LOADED_AHEAD_COUNT = 4
/** A caption under its picture, as high as on the board at 100 %. */
const CAPTION_UNITS = { size: 12, top: 2, height: 14, margin: 4 }
/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT = /\p{Script=Arabic}|\p{Script=Hebrew}|\p{Script=Syriac}|\p{Script=Thaana}/u

/** How captions are written. */
export interface Lettering {
  readonly colour: string
  /** A CSS font family. */
  readonly family: string
}

interface Drawing {
  readonly board: Board
  /** The pictures, from the bottom of the stack up. */
  readonly pictures: readonly ImageRecord[]
  readonly extent: Box
  readonly ground: string
  readonly lettering: Lettering
  readonly onProgress: (drawn: number) => void
}

/** A board as one picture. */
export interface BoardPicture {
  readonly file: Blob
  readonly width: number
  readonly height: number
  /** Pictures that couldn't be loaded. */
  readonly missingCount: number
}

/** Draws a board as PNG, at most 8192 pixels long. Null where the browser has no room for it. */
export async function drawBoard(drawing: Drawing): Promise<BoardPicture | null> {
  const area = matchMedia('(pointer: coarse)').matches ? PHONE_AREA_PX : MAX_AREA_PX
  let scale = scaleFor(drawing.extent, area)
  for (let tries = 0; tries < TRY_COUNT; tries++, scale /= 2) {
    const picture = await drawAt(drawing, scale)
    if (picture) return picture
  }
  return null
}

/** Returns the pixels for each board unit. */
export function scaleFor({ w, h }: Pick<Box, 'w' | 'h'>, maxAreaPx: number): number {
  const [width, height] = [w + 2 * MARGIN_UNITS, h + 2 * MARGIN_UNITS]
  const bySide = MAX_SIDE_PX / Math.max(width, height)
  return Math.min(bySide, Math.sqrt(maxAreaPx / (width * height)), MAX_SCALE_FACTOR)
}

async function drawAt(
  { board, pictures, extent, ground, lettering, onProgress }: Drawing,
  scale: number,
): Promise<BoardPicture | null> {
  const width = Math.max(1, Math.floor((extent.w + 2 * MARGIN_UNITS) * scale))
  const height = Math.max(1, Math.floor((extent.h + 2 * MARGIN_UNITS) * scale))
  const canvas = newCanvas(width, height)
  const context = canvas.getContext('2d') as CanvasRenderingContext2D | null
  if (!context) return null
  context.fillStyle = ground
  context.fillRect(0, 0, width, height)
  context.imageSmoothingQuality = 'high'
  let missingCount = 0
  const loading = pictures.slice(0, LOADED_AHEAD_COUNT).map((each) => load(board, each, scale))
  for (const [i, picture] of pictures.entries()) {
    const next = pictures[i + LOADED_AHEAD_COUNT]
    if (next) loading.push(load(board, next, scale))
    const image = await loading.shift()!
    onProgress(i + 1)
    if (!image) {
      missingCount++
      continue
    }
    const [x, y] = [picture.x - extent.x + MARGIN_UNITS, picture.y - extent.y + MARGIN_UNITS]
    const h = (picture.w * picture.height) / picture.width
    context.drawImage(image, x * scale, y * scale, picture.w * scale, h * scale)
    const below = { x, y: y + h, w: picture.w, h: CAPTION_UNITS.height }
    drawCaption(context, { caption: picture.caption, below, scale, ground, lettering })
  }
  const file = await encode(canvas)
  // Freed at once, since a phone has room for one.
  canvas.width = canvas.height = 0
  return file && { file, width, height, missingCount }
}

interface Caption extends Pick<Drawing, 'ground' | 'lettering'> {
  readonly caption: string
  /** The room for it, in board units. */
  readonly below: Box
  readonly scale: number
}

/** Writes a caption under its picture as the board shows it: in one row, cut where the picture ends. */
function drawCaption(
  context: CanvasRenderingContext2D,
  { caption, below, scale, ground, lettering }: Caption,
): void {
  const { size, top, height, margin } = CAPTION_UNITS
  context.font = `${size * scale}px ${lettering.family}`
  const measure = (part: string): number => context.measureText(part).width
  const text = cutTo(caption.replaceAll(/\s+/g, ' ').trim(), below.w * scale, measure)
  if (text === '') return
  const isFromRight = RIGHT_TO_LEFT.test(/\p{L}/u.exec(text)?.[0] ?? '')
  const width = measure(text)
  const left = isFromRight ? (below.x + below.w) * scale - width : below.x * scale
  const y = (below.y + top) * scale
  context.fillStyle = ground
  context.fillRect(left - margin * scale, y, width + 2 * margin * scale, height * scale)
  context.fillStyle = lettering.colour
  context.direction = isFromRight ? 'rtl' : 'ltr'
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillText(text, left, y + (height / 2) * scale)
}

/** Returns a text, cut so that it isn't wider than this. */
export function cutTo(text: string, width: number, measure: (text: string) => number): string {
  if (measure(text) <= width) return text
  const letters = Array.from(text)
  let [fits, exceeds] = [0, letters.length]
  while (exceeds - fits > 1) {
    const middle = (fits + exceeds) >> 1
    if (measure(`${letters.slice(0, middle).join('').trimEnd()}…`) <= width) fits = middle
    else exceeds = middle
  }
  return fits === 0 ? '' : `${letters.slice(0, fits).join('').trimEnd()}…`
}

/** Loads the size of a picture that is drawn sharply. Null if it can't be had. */
async function load(
  board: Board,
  record: ImageRecord,
  scale: number,
): Promise<HTMLImageElement | null> {
  const longest = record.w * scale * Math.max(1, record.height / record.width)
  const source = blobUrl(board, record, longest) ?? blobUrl(board, record)
  if (!source) return null
  const image = new Image()
  image.src = source
  return image.decode().then(
    () => image,
    () => null,
  )
}

/** Encodes a canvas. Null for one that the browser couldn't make. */
async function encode(canvas: OffscreenCanvas | HTMLCanvasElement): Promise<Blob | null> {
  if ('convertToBlob' in canvas)
    return canvas.convertToBlob({ type: 'image/png' }).catch(() => null)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'))
}
