import sharp from 'sharp'

export interface PictureOptions {
  /** Pixels. */
  width?: number
  height?: number
  /** The same seed draws the same picture. */
  seed?: number
  format?: 'jpeg' | 'png' | 'webp' | 'avif' | 'gif'
  quality?: number
}

/**
 * Draws a picture that weighs about as much as a photograph of its size: soft shapes of light and
 * colour, texture in several sizes, grain.
 */
export async function drawPicture(options: PictureOptions = {}): Promise<Buffer> {
  const { width = 1600, height = 1200, seed = 1, format = 'jpeg', quality = 82 } = options
  const random = seededRandom(seed)
  const pixels = await texture(width, height, 4, 255, random)
  for (const [cells, depth] of [
    [30, 90],
    [200, 40],
    [1200, 40],
  ] as const) {
    const layer = await texture(width, height, cells, depth, random)
    for (let i = 0; i < pixels.length; i++)
      pixels[i] = Math.min(255, Math.max(0, pixels[i]! + layer[i]! - 128))
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(format, { quality })
    .toBuffer()
}

/**
 * Returns the same JPEG with unique bytes: a JFIF header with a random density. A board stores
 * nothing else that is invisible (M1).
 */
export function withUniqueBytes(
  jpeg: Buffer,
  random: () => number = Math.random,
): Buffer<ArrayBuffer> {
  const header = Buffer.from('ffe000104a46494600010200000000000000', 'hex')
  header.writeUInt32BE(random() * 2 ** 32, 12)
  return Buffer.concat([jpeg.subarray(0, 2), header, jpeg.subarray(2)])
}

/**
 * Returns random colours on a grid, `cells` across the longer side, scaled smoothly to the whole
 * size.
 */
function texture(
  width: number,
  height: number,
  cells: number,
  depth: number,
  random: () => number,
): Promise<Buffer> {
  const scale = Math.min(1, cells / Math.max(width, height))
  const columns = Math.max(1, Math.round(width * scale))
  const rows = Math.max(1, Math.round(height * scale))
  const values = Uint8Array.from(
    { length: columns * rows * 3 },
    () => 128 + (random() - 0.5) * depth,
  )
  return sharp(values, { raw: { width: columns, height: rows, channels: 3 } })
    .resize(width, height, { kernel: 'linear', fit: 'fill' })
    .raw()
    .toBuffer()
}

/** Returns a generator of numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Returns a JPEG as a rotated camera stores it: upright only with its EXIF orientation (1 to 8,
 * TIFF 6.0 section 8).
 */
export async function withExifOrientation(upright: Buffer, orientation: number): Promise<Buffer> {
  // The stored picture is the visible one after some quarter turns clockwise, then mirrored.
  const [turns, mirrored] = ORIENTATION_TRANSFORMS[orientation - 1]!
  const turned = await sharp(upright)
    .rotate(turns * 90)
    .png()
    .toBuffer()
  const stored = mirrored ? sharp(turned).flop() : sharp(turned)
  return stored.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer()
}

const ORIENTATION_TRANSFORMS = [
  [0, false],
  [0, true],
  [2, false],
  [2, true],
  [1, true],
  [3, false],
  [3, true],
  [1, false],
] as const

/** Draws an animation of a red and a blue picture. */
export function drawAnimation(): Promise<Buffer> {
  const side = 96
  const raw = Buffer.alloc(side * side * 2 * 3)
  for (let i = 0; i < side * side * 2; i++) raw[i * 3 + (i < side * side ? 0 : 2)] = 255
  return sharp(raw, { raw: { width: side, height: side * 2, channels: 3, pageHeight: side } })
    .gif({ delay: [150, 150], loop: 0 })
    .toBuffer()
}
