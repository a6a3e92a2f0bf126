import { execFileSync } from 'node:child_process'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { pngChunk } from '../../../test/support/png.ts'

// With the cache, a file that changes would be read only once.
sharp.cache(false)

/** Creates a transparent PNG of any size: a small file, quickly made. */
export function blankPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 6], 8)
  const pixels = deflateSync(Buffer.alloc((width * 4 + 1) * height), { level: 1 })
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const chunks = [
    pngChunk('IHDR', header),
    pngChunk('IDAT', pixels),
    pngChunk('IEND', Buffer.alloc(0)),
  ]
  return Buffer.concat([signature, ...chunks.flat()])
}

/** Returns the ids of the decoding processes that this process has started. */
export function decodeProcessIds(): number[] {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], {
    encoding: 'utf8',
  })
  return children
    .split('\n')
    .filter((line) => line.includes('decode-process'))
    .map((line) => Number.parseInt(line, 10))
}

/** RGB colours of a picture's corners: top left, top right, bottom left, bottom right. */
export const CORNERS = [
  [230, 40, 40],
  [40, 200, 60],
  [40, 60, 220],
  [240, 230, 220],
] as const

/** Creates a PNG whose four corners have a colour each. */
export async function cornersPng(width: number, height: number): Promise<Buffer> {
  const pixels = Buffer.from(CORNERS.flat())
  return sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } })
    .resize(width, height, { kernel: 'nearest', fit: 'fill' })
    .png()
    .toBuffer()
}

/** Reads the colours in the middle of a picture's four corners; with `ignoreIcc`, without conversion. */
export async function readCorners(
  picture: Buffer | string,
  options: { ignoreIcc?: boolean } = {},
): Promise<number[][]> {
  const image = sharp(picture, options).removeAlpha().raw()
  const { data, info } = await image.toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number) => {
    const start = (Math.floor(info.height * y) * info.width + Math.floor(info.width * x)) * 3
    return [...data.subarray(start, start + 3)]
  }
  return [at(0.25, 0.25), at(0.75, 0.25), at(0.25, 0.75), at(0.75, 0.75)]
}

/** Reads a picture's pixels, RGBA. */
export const readPixels = (picture: Buffer): Promise<Buffer> =>
  sharp(picture).ensureAlpha().raw().toBuffer()

interface Bitmap {
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32
  /** Whether the header is that of OS/2. */
  readonly core?: boolean
  readonly topFirst?: boolean
  readonly runs?: boolean
  /** Masks of red, green, blue and alpha, for a header that has them. */
  readonly masks?: readonly number[]
}

/**
 * Creates a BMP ("Bitmap Storage", Windows GDI) of RGBA pixels. Returns it with the colours in the middle of its
 * four corners. A palette has black, white and the colours of the corners; pixels get the nearest of them.
 */
export function createBmp(
  pixels: Buffer,
  width: number,
  height: number,
  kind: Bitmap,
): { file: Buffer; colours: number[][] } {
  const { bits, core = false, topFirst = false, runs = false, masks } = kind
  const palette = [[0, 0, 0], [255, 255, 255], ...(bits > 1 ? CORNERS : [])]
  const at = (x: number, y: number) => [...pixels.subarray((y * width + x) * 4).subarray(0, 3)]
  const rows = Array.from({ length: height }, (_, n) => {
    const y = topFirst ? n : height - 1 - n
    const row = Array.from({ length: width }, (_, x) => at(x, y))
    if (bits > 8) return packRow(row, bits, masks)
    const indices = row.map((colour) => nearestIn(palette, colour))
    return runs ? encodeRow(indices, bits) : packIndices(indices, bits)
  })
  if (runs) rows.push(Buffer.from([0, 1]))
  // The header of OS/2 has no number of colours, so its palette is complete.
  const missing = core ? 2 ** bits - palette.length : 0
  const colours = bits > 8 ? [] : [...palette, ...Array<number[]>(missing).fill([0, 0, 0])]
  const header = createBmpHeader(width, height, colours.length, kind)
  const entries = colours.map(([r, g, b]) => Buffer.from(core ? [b!, g!, r!] : [b!, g!, r!, 0]))
  const file = Buffer.concat([header, ...entries, ...rows])
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(header.length + entries.length * (core ? 3 : 4), 10)
  const seen = [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) => {
      const colour = at(Math.floor(width * x), Math.floor(height * y))
      return bits > 8 ? colour : [...palette[nearestIn(palette, colour)]!]
    }),
  )
  return { file, colours: seen }
}

function createBmpHeader(
  width: number,
  height: number,
  colourCount: number,
  { bits, core = false, topFirst = false, runs = false, masks }: Bitmap,
): Buffer {
  const length = core ? 12 : masks ? 108 : 40
  const header = Buffer.alloc(14 + length)
  header.write('BM')
  header.writeUInt32LE(length, 14)
  if (core) {
    header.writeUInt16LE(width, 18)
    header.writeUInt16LE(height, 20)
    header.writeUInt32LE(1 | (bits << 16), 22)
    return header
  }
  header.writeInt32LE(width, 18)
  header.writeInt32LE(topFirst ? -height : height, 22)
  header.writeUInt32LE(1 | (bits << 16), 26)
  header.writeUInt32LE(masks ? 3 : !runs ? 0 : bits === 8 ? 1 : 2, 30)
  header.writeUInt32LE(colourCount, 46)
  for (const [i, mask] of (masks ?? []).entries()) header.writeUInt32LE(mask, 54 + i * 4)
  return header
}

/** Returns the index of the nearest colour. */
function nearestIn(palette: readonly (readonly number[])[], colour: readonly number[]): number {
  const distances = palette.map((each) =>
    each.reduce((sum, v, i) => sum + (v - colour[i]!) ** 2, 0),
  )
  return distances.indexOf(Math.min(...distances))
}

/** Packs a row of colours into pixels of 16, 24 or 32 bits. */
function packRow(
  row: readonly (readonly number[])[],
  bits: number,
  masks: readonly number[] | undefined,
): Buffer {
  const bytes = Buffer.alloc(Math.ceil((row.length * bits) / 32) * 4)
  for (const [x, colour] of row.entries()) {
    const pixel = bits === 16 && !masks ? packRgb555(colour) : packMasked(colour, masks)
    bytes.writeUIntLE(pixel >>> 0, (x * bits) / 8, bits / 8)
  }
  return bytes
}

const packRgb555 = (colour: readonly number[]): number =>
  ((colour[0]! >> 3) << 10) | ((colour[1]! >> 3) << 5) | (colour[2]! >> 3)

function packMasked(
  colour: readonly number[],
  masks: readonly number[] = [0xff0000, 0xff00, 0xff, 0],
): number {
  let pixel = 0
  for (const [i, value] of [...colour, 255].entries()) {
    const mask = masks[i]!
    const low = mask & -mask
    if (mask !== 0) pixel += (Math.round((value * (mask >>> 0)) / low / 255) >>> 0) * (low >>> 0)
  }
  return pixel
}

/** Packs a row of palette indices, up to eight a byte. */
function packIndices(indices: readonly number[], bits: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil((indices.length * bits) / 32) * 4)
  for (const [x, index] of indices.entries())
    bytes[(x * bits) >> 3]! |= index << (8 - bits - ((x * bits) & 7))
  return bytes
}

/** Encodes a row as runs: the first three pixels literally, the others counted. */
function encodeRow(row: readonly number[], bits: number): Buffer {
  const nibbles = (values: readonly number[]) =>
    bits === 8
      ? [...values]
      : values.flatMap((v, i) => (i % 2 ? [] : [(v << 4) | (values[i + 1] ?? 0)]))
  const bytes: number[] = []
  const plain = nibbles(row.slice(0, 3))
  bytes.push(0, 3, ...plain, ...(plain.length % 2 ? [0] : []))
  for (let x = 3; x < row.length; ) {
    let count = 1
    while (row[x + count] === row[x] && x + count < row.length && count < 255) count++
    bytes.push(count, bits === 8 ? row[x]! : row[x]! * 17)
    x += count
  }
  return Buffer.from([...bytes, 0, 0])
}
