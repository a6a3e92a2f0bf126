// Projects that only import this file don't include the declaration.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./libheif.d.ts" />
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { MediaType } from '@wirephoto/board'
import openLibheif, { type HeifImage } from 'libheif-js/libheif-wasm/libheif-bundle.mjs'
import { drawBmp, readBmpHeader } from './bmp.ts'
import { openJxl } from './jxl.ts'
import { openPsd } from './psd.ts'

/*
 * A thread that decodes types which libvips doesn't, and passes them to libvips as a TIFF. The decoders block
 * their thread; the main thread of the process enforces the budget meanwhile (D1).
 */

export interface HeicBmpInput {
  readonly path: string
  readonly type: MediaType
  /** Limits on the size. */
  readonly maxPixels: number
  readonly maxSide: number
}

export interface Decoded {
  /** The picture as a TIFF or PNG, upright, with its colour profile. */
  readonly tiff: Uint8Array<ArrayBuffer>
  /** Whether more frames follow. */
  readonly isMoving: boolean
}

/** The picture, or only its size if that is over the limits. */
export type HeicBmpOutput =
  | Decoded
  | { readonly size: { readonly width: number; readonly height: number } }

async function decode({ path, type, maxPixels, maxSide }: HeicBmpInput): Promise<HeicBmpOutput> {
  const file = readFileSync(path)
  if (type === 'image/jxl') return decodeJxl(file, maxPixels, maxSide)
  const { width, height, profile, draw } = open(file, type)
  if (width * height > maxPixels || Math.max(width, height) > maxSide)
    return { size: { width, height } }
  const { tiff, rgba } = createTiff(width, height, profile)
  await draw(rgba)
  return { tiff, isMoving: false }
}

/** A JPEG XL comes as a PNG, upright. */
async function decodeJxl(file: Buffer, maxPixels: number, maxSide: number): Promise<HeicBmpOutput> {
  const { width, height, isMoving, draw } = await openJxl(file)
  if (width * height > maxPixels || Math.max(width, height) > maxSide)
    return { size: { width, height } }
  return { tiff: draw(), isMoving }
}

/** A picture whose pixels aren't decoded yet. */
interface OpenPicture {
  /** Pixels after orientation. */
  readonly width: number
  readonly height: number
  /** ICC. */
  readonly profile: Uint8Array | null
  readonly draw: (rgba: Uint8Array) => unknown
}

function open(file: Buffer, type: MediaType): OpenPicture {
  if (type === 'image/bmp') return openBmp(file)
  return type === 'image/vnd.adobe.photoshop' ? openPsd(file) : openHeic(file)
}

function openBmp(file: Buffer): OpenPicture {
  const header = readBmpHeader(file)
  const { width, height } = header
  return { width, height, profile: null, draw: (rgba) => drawBmp(file, header, rgba) }
}

/** Opens the primary picture of a HEIF, rotated and cropped as its properties say. */
function openHeic(file: Buffer): OpenPicture {
  const libheif = openLibheif()
  const images = new libheif.HeifDecoder().decode(file)
  const image = images.find((each) => each.is_primary()) ?? images[0]
  if (!image) throw new Error('no picture')
  const [width, height] = [image.get_width(), image.get_height()]
  const draw = (data: Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      image.display({ data, width, height }, (drawn) =>
        drawn ? resolve() : reject(new Error('not drawn')),
      )
    })
  return { width, height, profile: profileOf(libheif, image), draw }
}

/** Calls `heif_image_handle_get_raw_color_profile`, which libheif's classes lack. */
function profileOf(
  libheif: ReturnType<typeof openLibheif>,
  { handle }: HeifImage,
): Uint8Array | null {
  const { ptr } = handle.$$
  const size = libheif._heif_image_handle_get_raw_color_profile_size(ptr)
  if (size === 0) return null
  // The error that it returns has three numbers of 32 bits; the profile follows.
  const at = libheif._malloc(12 + size)
  libheif._heif_image_handle_get_raw_color_profile(at, ptr, at + 12)
  return libheif.HEAPU8.slice(at + 12, at + 12 + size)
}

/** libvips reads a strip at a time. */
const STRIP_ROW_COUNT = 16
/** Sizes of TIFF 6.0 section 2, and its types of values. */
const [HEADER_BYTES, ENTRY_BYTES] = [8, 12]
const [SHORT, LONG, UNDEFINED] = [3, 4, 7]
const VALUE_BYTES: Record<number, number> = { [SHORT]: 2, [LONG]: 4, [UNDEFINED]: 1 }

/** An entry of a TIFF's directory. */
type Entry = readonly [tag: number, type: number, values: ArrayLike<number>]

/** Creates an uncompressed RGBA TIFF 6.0; `rgba` is its part with the pixels. */
function createTiff(
  width: number,
  height: number,
  profile: Uint8Array | null,
): { tiff: Uint8Array<ArrayBuffer>; rgba: Uint8Array } {
  const strips = Math.ceil(height / STRIP_ROW_COUNT)
  const [offsets, lengths] = [new Uint32Array(strips), new Uint32Array(strips)]
  const entries: Entry[] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, [8, 8, 8, 8]],
    [259, SHORT, [1]],
    [262, SHORT, [2]],
    [273, LONG, offsets],
    [277, SHORT, [4]],
    [278, LONG, [STRIP_ROW_COUNT]],
    [279, LONG, lengths],
    [338, SHORT, [2]],
    ...(profile ? [[34_675, UNDEFINED, profile] as const] : []),
  ]
  const start = HEADER_BYTES + directoryBytes(entries)
  for (let i = 0; i < strips; i++) {
    const rows = Math.min(STRIP_ROW_COUNT, height - i * STRIP_ROW_COUNT)
    offsets[i] = start + i * STRIP_ROW_COUNT * width * 4
    lengths[i] = rows * width * 4
  }
  const tiff = new Uint8Array(start + width * height * 4)
  writeDirectory(Buffer.from(tiff.buffer, 0, start), entries)
  return { tiff, rgba: tiff.subarray(start) }
}

/** Returns the size of a directory with the values that don't fit into its entries. */
function directoryBytes(entries: readonly Entry[]): number {
  const values = entries.map(([, type, { length }]) => length * VALUE_BYTES[type]!)
  const far = values.filter((bytes) => bytes > 4).reduce((sum, bytes) => sum + bytes, 0)
  return 2 + entries.length * ENTRY_BYTES + 4 + far
}

/** Writes the header, then a little-endian directory and its values. */
function writeDirectory(head: Buffer, entries: readonly Entry[]): void {
  head.write('II*\0', 'latin1')
  head.writeUInt32LE(HEADER_BYTES, 4)
  head.writeUInt16LE(entries.length, HEADER_BYTES)
  let at = HEADER_BYTES + 2
  let free = at + entries.length * ENTRY_BYTES + 4
  for (const [tag, type, values] of entries) {
    head.writeUInt16LE(tag, at)
    head.writeUInt16LE(type, at + 2)
    head.writeUInt32LE(values.length, at + 4)
    const size = VALUE_BYTES[type]!
    // Up to four bytes stand in the entry itself.
    let to = at + 8
    if (values.length * size > 4) {
      head.writeUInt32LE(free, to)
      to = free
      free += values.length * size
    }
    for (let i = 0; i < values.length; i++) head.writeUIntLE(values[i]!, to + i * size, size)
    at += ENTRY_BYTES
  }
}

const output = await decode(workerData as HeicBmpInput)
parentPort!.postMessage(output, 'tiff' in output ? [output.tiff.buffer] : [])
