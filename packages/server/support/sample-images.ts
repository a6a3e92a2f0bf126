import { execFileSync } from 'node:child_process'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

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

/** Creates a chunk of a PNG. */
export function pngChunk(type: string, data: Buffer): Buffer[] {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return [length, body, check]
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
  { bits, core = false, topFirst = false, runs = false, masks }: Bitmap,
): { file: Buffer; colours: number[][] } {
  const palette = [[0, 0, 0], [255, 255, 255], ...(bits > 1 ? CORNERS : [])]
  const at = (x: number, y: number) => [...pixels.subarray((y * width + x) * 4).subarray(0, 3)]
  const indexOf = (colour: readonly number[]) => {
    const far = palette.map((each) => each.reduce((sum, v, i) => sum + (v - colour[i]!) ** 2, 0))
    return far.indexOf(Math.min(...far))
  }
  const packed = (colour: readonly number[]) =>
    bits === 16 && !masks
      ? ((colour[0]! >> 3) << 10) | ((colour[1]! >> 3) << 5) | (colour[2]! >> 3)
      : [...colour, 255].reduce((sum, v, i) => {
          const mask = (masks ?? [0xff0000, 0xff00, 0xff, 0])[i]!
          const low = mask & -mask
          return mask === 0
            ? sum
            : sum + (Math.round((v * (mask >>> 0)) / low / 255) >>> 0) * (low >>> 0)
        }, 0)
  const rows = Array.from({ length: height }, (_, n) => {
    const y = topFirst ? n : height - 1 - n
    const row = Array.from({ length: width }, (_, x) => at(x, y))
    if (runs) return encodeRow(row.map(indexOf), bits)
    const bytes = Buffer.alloc(Math.ceil((width * bits) / 32) * 4)
    for (const [x, colour] of row.entries())
      if (bits > 8) bytes.writeUIntLE(packed(colour) >>> 0, (x * bits) / 8, bits / 8)
      else bytes[(x * bits) >> 3]! |= indexOf(colour) << (8 - bits - ((x * bits) & 7))
    return bytes
  })
  if (runs) rows.push(Buffer.from([0, 1]))
  const length = core ? 12 : masks ? 108 : 40
  const colours =
    bits > 8
      ? []
      : core
        ? [...palette, ...Array(2 ** bits - palette.length).fill([0, 0, 0])]
        : palette
  const header = Buffer.alloc(14 + length)
  header.write('BM')
  header.writeUInt32LE(length, 14)
  if (core) {
    header.writeUInt16LE(width, 18)
    header.writeUInt16LE(height, 20)
    header.writeUInt32LE(1 | (bits << 16), 22)
  } else {
    header.writeInt32LE(width, 18)
    header.writeInt32LE(topFirst ? -height : height, 22)
    header.writeUInt32LE(1 | (bits << 16), 26)
    header.writeUInt32LE(masks ? 3 : !runs ? 0 : bits === 8 ? 1 : 2, 30)
    header.writeUInt32LE(colours.length, 46)
    for (const [i, mask] of (masks ?? []).entries()) header.writeUInt32LE(mask, 54 + i * 4)
  }
  const entries = colours.map(([r, g, b]) => Buffer.from(core ? [b!, g!, r!] : [b!, g!, r!, 0]))
  const start = header.length + entries.length * (core ? 3 : 4)
  header.writeUInt32LE(start, 10)
  const file = Buffer.concat([header, ...entries, ...rows])
  file.writeUInt32LE(file.length, 2)
  const seen = [0.25, 0.75].flatMap((y) =>
    [0.25, 0.75].map((x) => {
      const colour = at(Math.floor(width * x), Math.floor(height * y))
      return bits > 8 ? colour : [...palette[indexOf(colour)]!]
    }),
  )
  return { file, colours: seen }
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
