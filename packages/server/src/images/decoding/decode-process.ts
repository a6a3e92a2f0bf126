import { open, readFile } from 'node:fs/promises'
import { flushCompileCache } from 'node:module'
import { join } from 'node:path'
import {
  type CameraThumbnail,
  cropOfThumbnail,
  isShown,
  limits,
  type MediaType,
  STAND_IN_SIDE_PX,
  SVG_SIDES_PX,
  VARIANT_SIDES_PX,
} from '@wirephoto/board'
import sharp, { type Metadata } from 'sharp'
import { rgbaToThumbHash } from 'thumbhash'
import { type Budget, enforce, type Overrun } from './budget.ts'
import { countFrames } from './frame-count.ts'
import type { HeicBmpInput } from './heic-bmp-thread.ts'
import { wholeScans } from './jpeg-scans.ts'
import { drawOverview } from './overview.ts'
import { draw, type Pixels, rawPixels, resized } from './pixels.ts'
import { describePsd } from './psd.ts'
import { checkSize, type Excess, type Size, TooLargeError } from './size.ts'
import { HEIC_BMP_TYPES, openSource, readHeader, sourceOf } from './source.ts'
import { CSS_DOTS_PER_INCH, sizedSvg } from './svg-document.ts'
import { type SvgSource, takeSvgApart } from './svg-source.ts'
import { systemFailure } from './system-failure.ts'

/** A job for the process. It does one at a time. */
export interface DecodeRequest<J extends keyof Jobs = keyof Jobs> {
  readonly job: J
  readonly input: Parameters<Jobs[J]>[0]
  readonly budget: Budget
}

export type DecodeReply<J extends keyof Jobs = keyof Jobs> =
  | { readonly result: Awaited<ReturnType<Jobs[J]>> }
  | { readonly tooLarge: Excess }
  | { readonly damaged: string }
  /** This machine failed, and the file may be sound. */
  | { readonly failed: string }
  /** The job is over its budget; the process exits. */
  | { readonly tooHeavy: Overrun }

/** A reply, and the CPU time that its process has used since its start: the system's answer costs ten times as much. */
export type TimedReply = DecodeReply & { readonly cpuSeconds?: number }

/** Limits on what a header may announce. */
interface Bounds {
  readonly maxPixels: number
  /** Limit for a picture that can only be decoded as a whole. */
  readonly maxWholePixels: number
  readonly maxSide: number
  readonly maxFrames: number
  /** Limit for the pixels of all frames together. */
  readonly maxFramePixels: number
}

/** A small picture of a picture, WebP. */
export interface Preview {
  readonly bytes: Buffer
  /** Pixels. */
  readonly width: number
  readonly height: number
}

/** A smaller picture in a file of its own, WebP. */
export interface Variant {
  /** Longest side in pixels. */
  readonly side: number
  readonly path: string
}

/** The jobs that the process can do. */
export type Jobs = typeof jobs
const jobs = {
  validate,
  reencodePreview,
  drawThumbnail,
  measure,
  earlyPreview,
  makeVariants,
  rasterizeSvg,
  readSvg,
  drawPsd,
  drawOverview,
}

const FORMATS: Record<string, MediaType> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  heif: 'image/avif',
  tiff: 'image/tiff',
}
/** Loaders of libvips, and what each may load. */
const LOADERS: Record<string, MediaType> = {
  Jpeg: 'image/jpeg',
  Png: 'image/png',
  Nsgif: 'image/gif',
  Webp: 'image/webp',
  Heif: 'image/avif',
  Tiff: 'image/tiff',
}
/** Formats that a page's canvas makes. */
const PREVIEW_FORMATS = ['jpeg', 'png', 'webp']
/** A thumbhash keeps seven waves a side; the 100 px that it allows show no other (S8). */
const THUMBHASH_SIDE_PX = 32
/** Sizes and WebP qualities of a preview, tried in this order until it is small enough. */
const PREVIEW_ATTEMPTS = [
  { sideFactor: 1, quality: 75 },
  { sideFactor: 1, quality: 50 },
  { sideFactor: 1, quality: 25 },
  { sideFactor: 1 / 2, quality: 25 },
  { sideFactor: 1 / 5, quality: 25 },
] as const
/** The encoding of variants. Viewers wait for it: an effort of 4 takes 68 ms instead of 24 and saves 5 % of the bytes. */
const VARIANT_WEBP = { quality: 80, effort: 2 } as const
/** That of the smallest, in which a photo's filters let the colours of flat areas run for 10 px. */
const SMALLEST_VARIANT_WEBP = { ...VARIANT_WEBP, preset: 'icon' } as const
/** Bytes of an arriving file that are read for an early preview. */
const EARLY_PREVIEW_BYTES = 4_194_304
/** Pixels of all frames that are decoded of an animation. */
const MAX_ANIMATION_PIXEL_COUNT = 25_000_000
const MAX_SVG_BYTES = 10_000_000
/** Longest side at which an SVG is drawn. */
const { min: MIN_SVG_SIDE_PX, max: MAX_SVG_SIDE_PX } = SVG_SIDES_PX
/** libvips scales an SVG by its density in relation to this, also what is in pixels. */
const SVG_PIXEL_FACTOR = CSS_DOTS_PER_INCH / 72

sharp.cache(false)
sharp.concurrency(1)
// A file can't choose its decoder: libvips may load these formats only (F8).
sharp.block({ operation: ['VipsForeignLoad'] })
const refusedTypes = new Set(process.argv.slice(2))
sharp.unblock({
  operation: Object.entries(LOADERS)
    .filter(([, type]) => !refusedTypes.has(type))
    .map(([loader]) => `VipsForeignLoad${loader}`),
})
const SVG_LOADER = { operation: ['VipsForeignLoadSvg'] }
// A terminal or a service manager signals the whole group. The server ends this process when it is done.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
process.on('disconnect', () => process.exit())

async function run({ job, input, budget }: DecodeRequest): Promise<DecodeReply> {
  const watch = enforce(budget)
  try {
    return { result: await jobs[job](input as never) }
  } catch (error) {
    if (error instanceof TooLargeError) return { tooLarge: error.excess }
    const path = 'path' in input ? input.path : null
    const failed = await systemFailure(error, path, budget.memoryBytes)
    return failed === null ? { damaged: String(error) } : { failed }
  } finally {
    clearInterval(watch)
  }
}

/**
 * Decodes every row of a file, so that a truncated one is rejected. A type that browsers don't show gets a
 * preview of at most `maxBytes`.
 */
async function validate(input: {
  path: string
  type: MediaType
  maxBytes: number
  bounds: Bounds
}): Promise<
  Size & { animated: boolean; isMoving: boolean; thumbhash: string; preview: Buffer | null }
> {
  const { path, type, maxBytes, bounds } = input
  const source = await openSource({ path, type, ...bounds })
  const { header, size } = await readHeader(source)
  if (!HEIC_BMP_TYPES.includes(type) && FORMATS[header.format] !== type)
    throw new Error(`is ${header.format}, not ${type}`)
  const frames = await checkHeader(path, type, header, size, bounds)
  if (isPaged(type))
    await decodeFrames(
      path,
      Math.min(frames, Math.floor(MAX_ANIMATION_PIXEL_COUNT / (size.width * size.height))),
    )

  const found = { ...size, animated: frames > 1, isMoving: source.isMoving }
  if (isShown(type)) {
    const small = await draw(source, THUMBHASH_SIDE_PX, bounds.maxPixels)
    return { ...found, thumbhash: thumbhashOf(small), preview: null }
  }
  const pixels = await draw(source, limits.previewSidePx, bounds.maxPixels)
  const thumbhash = thumbhashOf(await rawPixels(resized(pixels, THUMBHASH_SIDE_PX)))
  return { ...found, thumbhash, preview: (await shrink(pixels, maxBytes)).bytes }
}

/** Returns the number of frames. Throws `TooLargeError` if the header announces more than `bounds` allow. */
async function checkHeader(
  path: string,
  type: MediaType,
  { isProgressive, pages }: Metadata,
  seen: Size,
  { maxPixels, maxWholePixels, maxSide, maxFrames, maxFramePixels }: Bounds,
): Promise<number> {
  checkSize(seen, maxPixels, maxSide)
  if (isProgressive || type === 'image/gif') checkSize(seen, maxWholePixels, maxSide)
  const frames = isPaged(type) ? (pages ?? 1) : await countFrames(path, type)
  const size = seen.width * seen.height * frames
  if (frames > maxFrames) throw new TooLargeError({ frames, limit: maxFrames })
  if (frames > 1 && size > maxFramePixels)
    throw new TooLargeError({ frames, size, limit: maxFramePixels })
  return frames
}

/** Returns whether libvips counts the frames itself. */
const isPaged = (type: MediaType): boolean => type === 'image/gif' || type === 'image/webp'

/** Decodes the first frames. Browsers skip what is broken in later ones. */
async function decodeFrames(path: string, pages: number): Promise<void> {
  if (pages < 2) return
  const limitInputPixels = MAX_ANIMATION_PIXEL_COUNT
  const frames = { failOn: 'error', pages, limitInputPixels, sequentialRead: true } as const
  await sharp(path, frames).resize(1, 1, { fit: 'fill' }).raw().toBuffer()
}

/** Decodes a preview of at most `maxPixels` and encodes it again, with a side of at most `sidePx`. */
async function reencodePreview(input: {
  bytes: Uint8Array
  maxPixels: number
  maxBytes: number
  sidePx: number
}): Promise<Preview> {
  const { format } = await sharp(input.bytes, { limitInputPixels: false }).metadata()
  if (!PREVIEW_FORMATS.includes(format)) throw new Error(`is ${format}`)
  const source = { ...sourceOf(input.bytes), isOriented: format !== 'webp' }
  const { sidePx } = input
  return shrink(await draw(source, sidePx, input.maxPixels), input.maxBytes, sidePx)
}

/** Draws the thumbnail that a camera put into its file, upright and without bars; null if it shows something else. */
async function drawThumbnail(input: {
  thumbnail: CameraThumbnail
  maxPixels: number
  maxBytes: number
}): Promise<Preview | null> {
  const { thumbnail, maxPixels, maxBytes } = input
  const { orientation } = thumbnail
  const { data, info } = await sharp(thumbnail.jpeg, { limitInputPixels: maxPixels })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  const crop = cropOfThumbnail(thumbnail, data)
  if (!crop) return null
  const cropped = await sharp(data, { raw: info })
    .extract(crop)
    .withMetadata({ orientation })
    .png({ compressionLevel: 0 })
    .toBuffer()
  return shrink(await draw(sourceOf(cropped), limits.previewSidePx, maxPixels), maxBytes)
}

/** Reads the size from the first bytes of a file; null while they don't contain it. */
async function measure(input: { path: string }): Promise<Size | null> {
  const header = await sharp(input.path, { limitInputPixels: false, failOn: 'none' })
    .metadata()
    .catch(() => null)
  if (!header) return null
  // Browsers ignore the orientation that a WebP's EXIF tells.
  const { width, height } = header.format === 'webp' ? header : header.autoOrient
  return { width, height }
}

/** Makes a preview from the first bytes of a JPEG; null while they don't show the whole picture. */
async function earlyPreview(input: {
  path: string
  maxPixels: number
  maxBytes: number
}): Promise<Preview | null> {
  await using file = await open(input.path)
  const head = Buffer.allocUnsafe(EARLY_PREVIEW_BYTES)
  const { buffer, bytesRead } = await file.read(head, 0, head.length, 0)
  const scans = wholeScans(buffer.subarray(0, bytesRead))
  if (!scans) return null
  return shrink(await draw(sourceOf(scans), limits.previewSidePx, input.maxPixels), input.maxBytes)
}

/** Decodes the file once for all sides. A CMYK picture also gets a stand-in (V5). */
async function makeVariants(
  input: HeicBmpInput & { sides: readonly number[]; folder: string },
): Promise<Variant[]> {
  const { folder, maxPixels } = input
  const source = await openSource(input)
  const { header } = await readHeader(source)
  const sides = header.space === 'cmyk' ? new Set([...input.sides, STAND_IN_SIDE_PX]) : input.sides
  const pixels = await draw(source, Math.max(...sides), maxPixels)
  // Beside the largest, the others take no time where a core is free.
  return Promise.all(
    Array.from(sides, async (side) => {
      const path = join(folder, `${side}.webp`)
      const encoding = side === VARIANT_SIDES_PX[0] ? SMALLEST_VARIANT_WEBP : VARIANT_WEBP
      await resized(pixels, side).webp(encoding).toFile(path)
      return { side, path }
    }),
  )
}

/**
 * Draws an SVG as a PNG at `to`. librsvg runs no scripts. The SVG is read from memory, so it has no base
 * address and can refer to nothing outside of itself (F9). Returns false if it is no SVG.
 */
async function rasterizeSvg({ path, to }: { path: string; to: string }): Promise<boolean> {
  const file = await readFile(path)
  if (file.length > MAX_SVG_BYTES) throw new Error(`SVG of ${file.length} bytes`)
  const drawing = sizedSvg(
    file,
    (natural) => Math.min(Math.max(natural, MIN_SVG_SIDE_PX), MAX_SVG_SIDE_PX) / SVG_PIXEL_FACTOR,
  )
  if (!drawing) return false
  sharp.unblock(SVG_LOADER)
  try {
    const options = { density: CSS_DOTS_PER_INCH, limitInputPixels: MAX_SVG_SIDE_PX ** 2 }
    await sharp(drawing, options).png({ compressionLevel: 6 }).toFile(to)
    return true
  } finally {
    sharp.block(SVG_LOADER)
  }
}

/** Draws the merged picture of a Photoshop file as a PNG at `to`, in its own colours. */
async function drawPsd(input: HeicBmpInput & { to: string }): Promise<{
  isDrawable: boolean
  hasLayers: boolean
}> {
  const found = describePsd(await readFile(input.path))
  if (!found.isDrawable) return found
  const source = await openSource(input)
  const image = sharp(source.input, { limitInputPixels: input.maxPixels })
  await image.keepIccProfile().png({ compressionLevel: 6 }).toFile(input.to)
  return found
}

/** Takes an SVG's file apart: the sender's drawing and the source. */
function readSvg(input: Parameters<typeof takeSvgApart>[0]): Promise<SvgSource> {
  return takeSvgApart(input, async (svg) => {
    if (svg.length > MAX_SVG_BYTES) return false
    sharp.unblock(SVG_LOADER)
    try {
      return (await sharp(svg, { limitInputPixels: false }).metadata()).width > 0
    } catch {
      return false
    } finally {
      sharp.block(SVG_LOADER)
    }
  })
}

/** Makes a preview of a picture. */
async function shrink(
  pixels: Pixels,
  maxBytes: number,
  sidePx: number = limits.previewSidePx,
): Promise<Preview> {
  for (const { sideFactor, quality } of PREVIEW_ATTEMPTS) {
    const { data: bytes, info } = await resized(pixels, sidePx * sideFactor)
      .webp({ quality, alphaQuality: quality, effort: 2 })
      .toBuffer({ resolveWithObject: true })
    if (bytes.length <= maxBytes) return { bytes, width: info.width, height: info.height }
  }
  throw new Error('no preview is that small')
}

/** Returns the thumbhash, in base64, of raw sRGB. Adds alpha itself: libvips takes longer for it (S8). */
function thumbhashOf({ data, width, height, channels }: Pixels): string {
  const rgba = Buffer.alloc(width * height * 4, 255)
  for (let i = 0; i < width * height; i++) data.copy(rgba, i * 4, i * channels, (i + 1) * channels)
  return Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64')
}

// The first picture of a process takes four times as long as the next.
await shrink({ data: Buffer.alloc(8 * 8 * 4), width: 8, height: 8, channels: 4 }, 1e6)
process.on('message', (request: DecodeRequest) => {
  run(request).then(
    (reply) => {
      const { user, system } = process.cpuUsage()
      process.send!({ ...reply, cpuSeconds: (user + system) / 1e6 } satisfies TimedReply)
    },
    // Nothing may stay open: the end of the process settles the job.
    () => process.exit(1),
  )
})
process.send!('ready')
// It ends by a kill, before which Node would keep nothing of what it has compiled for the next one.
flushCompileCache()
