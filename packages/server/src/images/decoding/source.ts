import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { MediaType } from '@wirephoto/board'
import sharp, { type Metadata } from 'sharp'
import { viewAvif } from './avif.ts'
import type { Colour } from './colour.ts'
import type { Decoded, HeicBmpInput, HeicBmpOutput } from './heic-bmp-thread.ts'
import { heifColour } from './heif-colour.ts'
import { viewPng } from './png.ts'
import { checkSize, type Size } from './size.ts'

/** A picture that libvips can decode, and how browsers look at it. */
export interface Source {
  /** A path, or bytes where libvips needs others than those of the file. */
  readonly input: string | Uint8Array
  /** Whether browsers turn it as its EXIF orientation says. */
  readonly isOriented: boolean
  /** Whether it has more frames than the one that is shown, which `animated` pictures haven't. */
  readonly isMoving: boolean
  /** Whether its colours are multiplied by its alpha, which libvips doesn't know. */
  readonly isPremultiplied: boolean
  /** The colour that it tells by numbers; null for sRGB, and for an ICC profile, which libvips converts. */
  readonly colour: Colour | null
  /** Returns another source, to be tried if this one can't be decoded; null for none. */
  readonly alternative: (() => Promise<Source | null>) | null
}

/** Types that libvips doesn't decode; a thread does. */
export const HEIC_BMP_TYPES: readonly MediaType[] = [
  'image/heic',
  'image/bmp',
  'image/jxl',
  'image/vnd.adobe.photoshop',
]

/** Opens a file. Throws `TooLargeError` for a HEIC or BMP over the limits. */
export async function openSource(input: HeicBmpInput): Promise<Source> {
  const { path, type } = input
  if (HEIC_BMP_TYPES.includes(type)) {
    const { tiff, isMoving } = await decodeInThread(input)
    const colour = type === 'image/heic' ? heifColour(await readFile(path)) : null
    return { ...sourceOf(tiff), isMoving, colour }
  }
  if (type === 'image/avif') {
    return { ...sourceOf(path), ...(await viewAvif(path)) }
  }
  if (type === 'image/png') {
    const { firstFrame, colour } = await viewPng(path, input)
    return { ...sourceOf(firstFrame ?? path), colour }
  }
  // Browsers ignore the orientation that a WebP's EXIF tells.
  if (type === 'image/webp') return { ...sourceOf(path), isOriented: false }
  if (type === 'image/jpeg') return { ...sourceOf(path), alternative: () => withEnd(input) }
  return sourceOf(path)
}

/** Opens bytes that a page's canvas has made. */
export const sourceOf = (input: string | Uint8Array): Source => ({
  input,
  isOriented: true,
  isMoving: false,
  isPremultiplied: false,
  colour: null,
  alternative: null,
})

interface Header {
  readonly header: Metadata
  /** The size as browsers show it. */
  readonly size: Size
}

/** The headers that were read, since a check and a drawing both need them. */
const headers = new WeakMap<Source, Promise<Header>>()

/** Reads the header of a source, once. */
export function readHeader(source: Source): Promise<Header> {
  const header = headers.get(source) ?? readHeaderOf(source)
  headers.set(source, header)
  return header
}

async function readHeaderOf({ input, isOriented }: Source): Promise<Header> {
  const header = await sharp(input, { limitInputPixels: false }).metadata()
  const { width, height } = isOriented ? header.autoOrient : header
  return { header, size: { width, height } }
}

/** Markers of ITU T.81 section B.1.1.3. */
const [START_OF_SCAN, END_OF_IMAGE] = [Buffer.from([0xff, 0xda]), Buffer.from([0xff, 0xd9])]

/** Rows at the bottom that are compared: at least one row of blocks, however colours are subsampled. */
const LAST_ROW_COUNT = 32
/** Bytes that a decoder takes for pixels where these end early. */
const FILLER = Buffer.alloc(4096, 0x55)

/**
 * Returns a JPEG that lacks its end marker with that marker, if its pixels are whole: some cameras leave it
 * out. Null for other JPEGs. Rejects if the pixels end early.
 */
async function withEnd({ path, maxPixels }: HeicBmpInput): Promise<Source | null> {
  const all = await readFile(path)
  // Half of the marker may be there.
  const file = all.at(-1) === 0xff ? all.subarray(0, -1) : all
  if (file.includes(END_OF_IMAGE, file.lastIndexOf(START_OF_SCAN))) return null
  const bytes = Buffer.concat([file, END_OF_IMAGE])
  const rows = await lastRows(bytes, 'warning', maxPixels).catch((error: unknown) => {
    // The wiped trailer of a camera stands between the pixels and the end.
    if (!String(error).includes('extraneous bytes before marker 0xd9')) throw error
    return lastRows(bytes, 'error', maxPixels)
  })
  // libvips doesn't hear what the decoder says of the last row of blocks. Other bytes show whether it lacks any.
  const filled = Buffer.concat([file, FILLER, END_OF_IMAGE])
  if (!rows.equals(await lastRows(filled, 'error', maxPixels))) throw new Error('ends early')
  return sourceOf(bytes)
}

async function lastRows(
  bytes: Buffer,
  failOn: 'warning' | 'error',
  limitInputPixels: number,
): Promise<Buffer> {
  const image = sharp(bytes, { failOn, limitInputPixels, sequentialRead: true })
  const { width, height: rows } = await image.metadata()
  const height = Math.min(rows, LAST_ROW_COUNT)
  return image
    .extract({ left: 0, top: rows - height, width, height })
    .raw()
    .toBuffer()
}

/** Has a thread make a TIFF of a HEIC or BMP. */
async function decodeInThread(input: HeicBmpInput): Promise<Decoded> {
  const { path, type, maxPixels, maxSide } = input
  const thread = new Worker(new URL(import.meta.resolve('#heic-bmp-thread')), {
    workerData: { path, type, maxPixels, maxSide } satisfies HeicBmpInput,
    // libheif writes warnings to the console.
    stdout: true,
  })
  const exited = once(thread, 'exit').then(() => Promise.reject(new Error('thread exited early')))
  const [output] = (await Promise.race([once(thread, 'message'), exited])) as [HeicBmpOutput]
  if ('tiff' in output) return output
  checkSize(output.size, maxPixels, maxSide)
  throw new Error('neither drawn nor too large')
}
