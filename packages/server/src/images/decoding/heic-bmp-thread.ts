// For every project that comes this way.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./libheif.d.ts" />
import { readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import type { MediaType } from '@wirephoto/board'
import openLibheif, { type HeifImage } from 'libheif-js/libheif-wasm/libheif-bundle.mjs'
import { bmpHeader, drawBmp } from './bmp.ts'

/*
 * A thread that decodes what libvips doesn't, and gives it to libvips as a TIFF. Its decoders hold up
 * their thread; another one of the same process looks at what they take, and ends the process (D1).
 */

/** What is asked. */
export interface Foreign {
  readonly path: string
  readonly type: MediaType
  /** What it may have at the most. */
  readonly pixels: number
  readonly side: number
}

/** The picture in a TIFF, upright, with its colour profile; or how large it would have been. */
export type Decoded =
  | { readonly tiff: Uint8Array<ArrayBuffer> }
  | { readonly size: { readonly width: number; readonly height: number } }

async function decode({ path, type, pixels, side }: Foreign): Promise<Decoded> {
  const file = readFileSync(path)
  const { width, height, profile, draw } = type === 'image/bmp' ? bmp(file) : heic(file)
  if (width * height > pixels || Math.max(width, height) > side) return { size: { width, height } }
  const { tiff, rgba } = emptyTiff(width, height, profile)
  await draw(rgba)
  return { tiff }
}

interface Opened {
  /** As seen. */
  readonly width: number
  readonly height: number
  /** ICC. */
  readonly profile: Uint8Array | null
  readonly draw: (rgba: Uint8Array) => unknown
}

function bmp(file: Buffer): Opened {
  const header = bmpHeader(file)
  const { width, height } = header
  return { width, height, profile: null, draw: (rgba) => drawBmp(file, header, rgba) }
}

/** The one picture that a HEIF is of, turned and cropped as it says. */
function heic(file: Buffer): Opened {
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

/** libheif's `heif_image_handle_get_raw_color_profile`, which its classes don't have. */
function profileOf(
  libheif: ReturnType<typeof openLibheif>,
  { handle }: HeifImage,
): Uint8Array | null {
  const { ptr } = handle.$$
  const size = libheif._heif_image_handle_get_raw_color_profile_size(ptr)
  if (size === 0) return null
  // Its answer, three numbers of 32 bits, then the profile.
  const at = libheif._malloc(12 + size)
  libheif._heif_image_handle_get_raw_color_profile(at, ptr, at + 12)
  return libheif.HEAPU8.slice(at + 12, at + 12 + size)
}

/** Rows of one strip: read on their own. */
const STRIP = 16
/** TIFF 6.0 section 2: bytes of the header and of an entry, and the kinds of values with theirs. */
const [HEADER, ENTRY] = [8, 12]
const [SHORT, LONG, UNDEFINED] = [3, 4, 7]
const SIZES: Record<number, number> = { [SHORT]: 2, [LONG]: 4, [UNDEFINED]: 1 }
const ENTRIES = 11

/** A TIFF 6.0, RGBA and not compressed, and the place for its pixels. */
function emptyTiff(width: number, height: number, profile: Uint8Array | null) {
  const strips = Math.ceil(height / STRIP)
  const start = HEADER + 2 + ENTRIES * ENTRY + 4 + 8 + strips * 8 + (profile?.length ?? 0)
  const stripAt = (i: number) => start + Math.min(i * STRIP, height) * width * 4
  const offsets = Uint32Array.from({ length: strips }, (_, i) => stripAt(i))
  const lengths = offsets.map((offset, i) => stripAt(i + 1) - offset)
  const entries: [tag: number, kind: number, values: ArrayLike<number>][] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, [8, 8, 8, 8]],
    [259, SHORT, [1]],
    [262, SHORT, [2]],
    [273, LONG, offsets],
    [277, SHORT, [4]],
    [278, LONG, [STRIP]],
    [279, LONG, lengths],
    [338, SHORT, [2]],
    [34_675, UNDEFINED, profile ?? []],
  ]
  const tiff = new Uint8Array(start + width * height * 4)
  const head = Buffer.from(tiff.buffer, 0, start)
  head.write('II*\0', 'latin1')
  head.writeUInt32LE(HEADER, 4)
  let at = HEADER + 2
  let free = at + ENTRIES * ENTRY + 4
  const present = entries.filter(([, , values]) => values.length > 0)
  head.writeUInt16LE(present.length, HEADER)
  for (const [tag, kind, values] of present) {
    head.writeUInt16LE(tag, at)
    head.writeUInt16LE(kind, at + 2)
    head.writeUInt32LE(values.length, at + 4)
    const size = SIZES[kind]!
    // What fits stands in its place.
    let to = at + 8
    if (values.length * size > 4) {
      head.writeUInt32LE(free, to)
      to = free
      free += values.length * size
    }
    for (let i = 0; i < values.length; i++) head.writeUIntLE(values[i]!, to + i * size, size)
    at += ENTRY
  }
  return { tiff, rgba: tiff.subarray(start) }
}

const decoded = await decode(workerData as Foreign)
parentPort!.postMessage(decoded, 'tiff' in decoded ? [decoded.tiff.buffer] : [])
