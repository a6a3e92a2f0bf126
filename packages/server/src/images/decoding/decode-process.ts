import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type ErrorFacts, isShown, type MediaType, STAND_IN_SIDE_PX } from '@wirephoto/board'
import sharp, { type Sharp } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { framesOf } from './frame-count.ts'
import type { Decoded, Foreign } from './heic-bmp-thread.ts'
import { wholeScans } from './jpeg-scans.ts'

/** What a picture may take (D1). */
export interface Most {
  /** Of this process's CPU time, so that a busy machine refuses no sound picture. */
  readonly seconds: number
  /** Resident bytes. */
  readonly memory: number
}

/** What the process is asked: one picture at a time. */
export interface Question<J extends keyof Jobs = keyof Jobs> {
  readonly job: J
  readonly file: Parameters<Jobs[J]>[0]
  readonly most: Most
}

export type Reply<J extends keyof Jobs = keyof Jobs> =
  | { readonly made: Awaited<ReturnType<Jobs[J]>> }
  | { readonly tooLarge: Excess }
  | { readonly damaged: string }
  /** It takes too much, and the process ends with it. */
  | { readonly tooHeavy: true }

/** Pixels as seen. */
interface Size {
  readonly width: number
  readonly height: number
}

/** What a picture has too much of, and the limit of that. */
export type Excess = Pick<ErrorFacts, 'size' | 'side' | 'frames' | 'limit'>

/** What a picture may have at the most. */
interface Bounds {
  readonly pixels: number
  /** Pixels of one that can only be decoded as a whole. */
  readonly wholePixels: number
  readonly side: number
  readonly frames: number
  /** Pixels of all frames. */
  readonly framePixels: number
}

/** A small picture of a picture, WebP. */
export interface Preview {
  readonly bytes: Buffer
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** Base64. */
  readonly thumbhash: string
}

/** A smaller picture in a file of its own, WebP. */
export interface Variant {
  /** Longest side in pixels. */
  readonly side: number
  readonly path: string
}

/** What the process can do. */
export type Jobs = typeof jobs
const jobs = { judge, preview, measure, early, vary, draw }

const FORMATS: Record<string, MediaType> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  heif: 'image/avif',
  tiff: 'image/tiff',
}
/** What libvips doesn't read; a thread does. */
const FOREIGN: readonly MediaType[] = ['image/heic', 'image/bmp']
/** What a page's canvas makes. */
const PREVIEWS = ['jpeg', 'png', 'webp']
/** Milliseconds between looks at what a picture takes. */
const LOOK = 50
/** Longest side that a thumbhash is made of, in pixels: it keeps seven waves a side, and 100 show no other (S8). */
const TINY = 32
/** Sizes in pixels and qualities at which a preview is tried, until it is small enough. */
const TRIES = [
  [320, 75],
  [320, 50],
  [320, 25],
  [160, 25],
  [64, 25],
] as const
const QUALITY = 80
/** Bytes of an arriving file that are looked at. */
const HEAD = 4_194_304
/** Pixels of a moving picture that are decoded behind its first frame. */
const MOVING = 25_000_000
/** Bytes of an SVG, and the longest side in pixels at which it is drawn. */
const SVG_BYTES = 10_000_000
const [DRAWN_LEAST, DRAWN_MOST] = [2048, 4096]
/** Dots per inch at which an SVG's own size is told. */
const DENSITY = 72

sharp.cache(false)
sharp.concurrency(1)
// Whatever a file says it is, nothing else of libvips is ever asked to read it (F8).
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Nsgif', 'Webp', 'Heif', 'Tiff'].map(
    (format) => `VipsForeignLoad${format}`,
  ),
})
const SVG = { operation: ['VipsForeignLoadSvg'] }
// A terminal or a service manager means the server, which ends this process when it needs it no more.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
process.on('disconnect', () => process.exit())

async function answer({ job, file, most }: Question): Promise<Reply> {
  const watch = watchOver(most)
  try {
    return { made: await jobs[job](file as never) }
  } catch (error) {
    return error instanceof TooLarge ? { tooLarge: error.excess } : { damaged: String(error) }
  } finally {
    clearInterval(watch)
  }
}

class TooLarge extends Error {
  readonly excess: Excess

  constructor(excess: Excess) {
    super('too large')
    this.excess = excess
  }
}

/** Throws if it has too many pixels. */
function measured({ width, height }: Size, pixels: number, side: number): void {
  const longest = Math.max(width, height)
  if (longest > side) throw new TooLarge({ side: longest, limit: side })
  if (width * height > pixels) throw new TooLarge({ size: width * height, limit: pixels })
}

/**
 * Decodes every row, so that a picture that is cut off is found out. What browsers don't show gets a
 * preview, of `most` bytes.
 */
async function judge(file: { path: string; type: MediaType; most: number; bounds: Bounds }) {
  const { path, type, most, bounds } = file
  const { pixels, wholePixels, side, framePixels } = bounds
  const input = await inputOf({ path, type, pixels, side })
  const header = await sharp(input, { limitInputPixels: false }).metadata()
  if (!FOREIGN.includes(type) && FORMATS[header.format] !== type)
    throw new Error(`is ${header.format}, not ${type}`)
  const { width, height } = header.autoOrient
  measured(header.autoOrient, pixels, side)
  const isWhole = header.isProgressive || type === 'image/gif'
  if (isWhole) measured(header.autoOrient, wholePixels, side)
  const isPaged = type === 'image/gif' || type === 'image/webp'
  const frames = isPaged ? (header.pages ?? 1) : await framesOf(path, type)
  const size = width * height * frames
  if (frames > bounds.frames) throw new TooLarge({ frames, limit: bounds.frames })
  if (frames > 1 && size > framePixels) throw new TooLarge({ frames, size, limit: framePixels })
  if (isPaged) await watchFrames(path, Math.min(frames, Math.floor(MOVING / (width * height))))

  const found = { width, height, animated: frames > 1 }
  if (!isShown(type)) {
    const { bytes, thumbhash } = await shrink(read(input, pixels), most)
    return { ...found, thumbhash, preview: bytes }
  }
  const tiny = await upright(read(input, pixels), TINY)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { ...found, thumbhash: hashOf(tiny), preview: null }
}

/** Decodes the first so many frames: browsers show what they can of the others. */
async function watchFrames(path: string, pages: number): Promise<void> {
  if (pages < 2) return
  const frames = { failOn: 'error', pages, limitInputPixels: MOVING, sequentialRead: true } as const
  await sharp(path, frames).resize(1, 1, { fit: 'fill' }).raw().toBuffer()
}

/** `pixels` is what it may come with, `most` the bytes that it may have in the end. */
async function preview(file: {
  bytes: Uint8Array
  pixels: number
  most: number
}): Promise<Preview> {
  const image = read(file.bytes, file.pixels)
  const { format } = await image.metadata()
  if (!PREVIEWS.includes(format)) throw new Error(`is ${format}`)
  return shrink(image, file.most)
}

/** Pixels as seen, from the first bytes of a file; null while they don't tell. */
async function measure(file: { path: string }): Promise<{ width: number; height: number } | null> {
  const header = await sharp(file.path, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .catch(() => null)
  return header && header.autoOrient
}

/** Of the first bytes of a file; null while they don't show the whole picture. */
async function early(file: {
  path: string
  pixels: number
  most: number
}): Promise<Preview | null> {
  await using handle = await open(file.path)
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(HEAD), 0, HEAD, 0)
  const scans = wholeScans(buffer.subarray(0, bytesRead))
  return scans && shrink(read(scans, file.pixels), file.most)
}

/** Decodes the file once, whatever the number of sides. What is made of inks gets a stand-in too (V5). */
async function vary(
  file: Foreign & { sides: readonly number[]; folder: string },
): Promise<Variant[]> {
  const { folder, pixels } = file
  const input = await inputOf(file)
  const { space } = await sharp(input, { limitInputPixels: false }).metadata()
  const sides = space === 'cmyk' ? new Set([...file.sides, STAND_IN_SIDE_PX]) : file.sides
  const { data, info } = await upright(read(input, pixels), Math.max(...sides))
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const variants: Variant[] = []
  for (const side of sides) {
    const variant = join(folder, `${side}.webp`)
    await sharp(data, { raw: info })
      .resize(side, side, { fit: 'inside', withoutEnlargement: true })
      .webp({ quality: QUALITY })
      .toFile(variant)
    variants.push({ side, path: variant })
  }
  return variants
}

/**
 * Draws an SVG: a PNG at `to`. Read from memory it has no place of its own, so it can refer to nothing but
 * itself; and nothing of it runs (F9).
 */
async function draw({ path, to }: { path: string; to: string }): Promise<void> {
  const svg = await readFile(path)
  if (svg.length > SVG_BYTES) throw new Error(`SVG of ${svg.length} bytes`)
  sharp.unblock(SVG)
  try {
    const { width, height } = await sharp(svg, { limitInputPixels: false }).metadata()
    const longest = Math.max(width, height)
    const drawn = Math.min(Math.max(longest, DRAWN_LEAST), DRAWN_MOST)
    const density = Math.max(1, (DENSITY * drawn) / longest)
    const image = sharp(svg, { density, limitInputPixels: DRAWN_MOST ** 2 })
    await image.png({ compressionLevel: 6 }).toFile(to)
  } finally {
    sharp.block(SVG)
  }
}

/** What libvips can read of it. Throws when it is too large for that to be tried. */
async function inputOf(file: Foreign): Promise<string | Uint8Array> {
  const { path, type, pixels, side } = file
  if (!FOREIGN.includes(type)) return path
  const thread = new Worker(new URL('./heic-bmp-thread.ts', import.meta.url), {
    workerData: { path, type, pixels, side } satisfies Foreign,
    // The decoder says on the console what it doesn't like.
    stdout: true,
  })
  const ended = once(thread, 'exit').then(() => Promise.reject(new Error('came to no end')))
  const [decoded] = (await Promise.race([once(thread, 'message'), ended])) as [Decoded]
  if ('tiff' in decoded) return decoded.tiff
  measured(decoded.size, pixels, side)
  throw new Error('neither drawn nor too large')
}

/** `error` takes what browsers show (broken metadata) and refuses what they show in part. */
const read = (input: string | Uint8Array, limitInputPixels: number): Sharp =>
  sharp(input, { failOn: 'error', limitInputPixels, sequentialRead: true })

const upright = (image: Sharp, side: number): Sharp =>
  image
    .autoOrient()
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')

async function shrink(image: Sharp, most: number): Promise<Preview> {
  const [[largest]] = TRIES
  const { data, info: raw } = await upright(image, largest)
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const small = (side: number) =>
    sharp(data, { raw }).resize(side, side, { fit: 'inside', withoutEnlargement: true })
  const thumbhash = hashOf(await small(TINY).raw().toBuffer({ resolveWithObject: true }))
  for (const [side, quality] of TRIES) {
    const { data: bytes, info } = await small(side)
      .webp({ quality, alphaQuality: quality, effort: 2 })
      .toBuffer({ resolveWithObject: true })
    if (bytes.length <= most) return { bytes, width: info.width, height: info.height, thumbhash }
  }
  throw new Error('no preview is that small')
}

/** The thumbhash, in base64, of raw sRGB with or without alpha. libvips would take longer to add one (S8). */
function hashOf({ data, info: { width, height, channels } }: Raw): string {
  const rgba = Buffer.alloc(width * height * 4, 255)
  for (let i = 0; i < width * height; i++) data.copy(rgba, i * 4, i * channels, (i + 1) * channels)
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64')
}

interface Raw {
  readonly data: Buffer
  readonly info: { readonly width: number; readonly height: number; readonly channels: number }
}

/** libvips works on threads of its own, so this one is free to end the process. */
function watchOver({ seconds, memory }: Most): NodeJS.Timeout {
  const before = process.cpuUsage()
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before)
    if ((user + system) / 1e6 < seconds && process.memoryUsage.rss() < memory) return
    const reply: Reply = { tooHeavy: true }
    process.send!(reply, () => process.exit())
  }, LOOK)
}

// The first picture of a process takes four times as long as the next.
await shrink(sharp({ create: { width: 8, height: 8, channels: 4, background: '#fff' } }), 1e6)
process.on('message', (question: Question) => {
  void answer(question).then((reply) => process.send!(reply))
})
process.send!('ready')
