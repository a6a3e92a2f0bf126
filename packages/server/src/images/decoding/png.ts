import { type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { type Colour, colourByCodePoints, colourByGamma, type Primaries } from './colour.ts'
import { checkSize, type Size } from './size.ts'

/** A chunk (PNG third edition section 5.3). */
interface Chunk {
  readonly type: string
  /** Position of its data. */
  readonly at: number
  readonly length: number
}

/** How Chromium looks at a PNG. */
export interface PngView {
  /** A PNG of the first frame, if the default image isn't part of the animation; null for any other file. */
  readonly firstFrame: Buffer | null
  /** The colour that it tells by numbers; null for sRGB, and for an ICC profile. */
  readonly colour: Colour | null
}

interface Limits {
  readonly maxPixels: number
  readonly maxSide: number
}

/** Reads what libvips leaves out of a PNG. Throws `TooLargeError` for a first frame over the limits. */
export async function viewPng(path: string, limits: Limits): Promise<PngView> {
  await using file = await open(path)
  const head = await headOf(file)
  const colour = await colourOf(file, head)
  if ((await announcedFrames(file, head)) === 0) return { firstFrame: null, colour }
  return { firstFrame: await hiddenFrame(file, head, { colour, ...limits }), colour }
}

/** Counts the frames that a PNG announces; 0 for a still picture. */
export async function countPngFrames(path: string): Promise<number> {
  await using file = await open(path)
  return await announcedFrames(file, await headOf(file))
}

async function headOf(file: FileHandle): Promise<Chunk[]> {
  const head: Chunk[] = []
  for await (const chunk of chunksOf(file)) {
    // A frame that is told before the pixels is the default image.
    if (chunk.type === 'IDAT' || chunk.type === 'fcTL') break
    head.push(chunk)
  }
  return head
}

/**
 * Returns the number in the first valid `acTL` (PNG third edition section 11.3.4); 0 for none. Chromium skips
 * others, and plays a picture that has fewer or more frames than that.
 */
async function announcedFrames(file: FileHandle, head: readonly Chunk[]): Promise<number> {
  for (const chunk of head.filter(({ type, length }) => type === 'acTL' && length === 8)) {
    const data = await read(file, chunk)
    const frames = data.length === 8 ? data.readUInt32BE(0) : 0
    if (frames > 0 && frames < 2 ** 31) return frames
  }
  return 0
}

const HEADER_BYTES = 8
const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')

async function* chunksOf(file: FileHandle): AsyncGenerator<Chunk> {
  for (let at = SIGNATURE.length; ; ) {
    const header = await read(file, { at, length: HEADER_BYTES })
    if (header.length < HEADER_BYTES) return
    const length = header.readUInt32BE(0)
    yield { type: header.toString('latin1', 4), at: at + HEADER_BYTES, length }
    at += HEADER_BYTES + length + 4
  }
}

async function read(
  file: FileHandle,
  { at, length }: Pick<Chunk, 'at' | 'length'>,
): Promise<Buffer> {
  const { size } = await file.stat()
  const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - at)))
  const { bytesRead } = await file.read(bytes, 0, bytes.length, at)
  return bytes.subarray(0, bytesRead)
}

/** Gamma of sRGB in `gAMA`, and what two encoders may differ by. */
const [SRGB_GAMMA, GAMMA_TOLERANCE] = [45_455, 500]
/** Values of `cHRM`, in the order of `Primaries`, for sRGB. */
const SRGB_CHROMATICITIES = [31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000]

/** Returns the colour that the chunks tell. `cICP` counts most, then `iCCP`, `sRGB`, and `gAMA` with `cHRM`. */
async function colourOf(file: FileHandle, chunks: readonly Chunk[]): Promise<Colour | null> {
  const data = async (type: string, length: number) => {
    const chunk = chunks.find((each) => each.type === type)
    const bytes = chunk && (await read(file, chunk))
    return bytes && bytes.length >= length ? bytes : null
  }
  const cicp = await data('cICP', 4)
  // Chromium ignores a narrow range.
  if (cicp && cicp[3] === 1) {
    const [clli, mdcv] = [await data('cLLI', 8), await data('mDCV', 24)]
    // Luminances are in 0.0001 cd/m².
    const peak = (clli?.readUInt32BE(0) || mdcv?.readUInt32BE(16) || 0) / 10_000
    const [primaries, transfer] = [cicp[0]!, cicp[1]!]
    return colourByCodePoints({ primaries, transfer, peakNits: peak > 0 ? peak : null })
  }
  if (chunks.some(({ type }) => type === 'iCCP' || type === 'sRGB')) return null
  const gamma = (await data('gAMA', 4))?.readUInt32BE(0)
  if (!gamma) return null
  const chrm = await data('cHRM', 32)
  const values = chrm
    ? SRGB_CHROMATICITIES.map((_, i) => chrm.readUInt32BE(i * 4))
    : SRGB_CHROMATICITIES
  // Chromium takes the usual gamma for sRGB only where it stands alone.
  if (!chrm && Math.abs(gamma - SRGB_GAMMA) <= GAMMA_TOLERANCE) return null
  const primaries = values.map((value) => value / 100_000) as unknown as Primaries
  return colourByGamma(100_000 / gamma, primaries)
}

/**
 * Returns a PNG of the frame that is shown first, on its canvas (PNG third edition section 11.3.4). Null if
 * that is the default image, or if there is no frame. Throws for a frame that isn't inside.
 */
async function hiddenFrame(
  file: FileHandle,
  head: readonly Chunk[],
  { colour, maxPixels, maxSide }: Limits & { colour: Colour | null },
): Promise<Buffer | null> {
  let control: Buffer | null = null
  const data: Buffer[] = []
  let isFirst = true
  for await (const chunk of chunksOf(file)) {
    if (chunk.type === 'fcTL') {
      if (control) break
      // The default image is the first frame.
      if (isFirst) return null
      control = await read(file, chunk)
    } else if (chunk.type === 'IDAT') isFirst = false
    else if (chunk.type === 'fdAT' && control) data.push((await read(file, chunk)).subarray(4))
  }
  if (!control || control.length < FRAME_CONTROL_BYTES) return null
  const ihdr = await read(file, head[0]!)
  const canvas: Size = { width: ihdr.readUInt32BE(0), height: ihdr.readUInt32BE(4) }
  checkSize(canvas, maxPixels, maxSide)
  const [width, height, left, top] = [4, 8, 12, 16].map((at) => control.readUInt32BE(at)) as [
    number,
    number,
    number,
    number,
  ]
  const [right, bottom] = [canvas.width - left - width, canvas.height - top - height]
  if (right < 0 || bottom < 0) throw new Error('a frame outside of its canvas')
  control.copy(ihdr, 0, 4, 12)
  const rest = head.slice(1).filter(({ type }) => type !== 'acTL')
  const chunks = await Promise.all(rest.map(async (c) => chunkOf(c.type, await read(file, c))))
  const frame = Buffer.concat([
    SIGNATURE,
    chunkOf('IHDR', ihdr),
    ...chunks,
    chunkOf('IDAT', Buffer.concat(data)),
    chunkOf('IEND', Buffer.alloc(0)),
  ])
  if (width === canvas.width && height === canvas.height) return frame
  return sharp(frame, { failOn: 'error', ignoreIcc: colour !== null })
    .ensureAlpha()
    .extend({ left, top, right, bottom, background: '#0000' })
    .png()
    .toBuffer()
}

const FRAME_CONTROL_BYTES = 26

function chunkOf(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, check])
}
