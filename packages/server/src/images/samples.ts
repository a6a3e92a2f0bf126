import { execFileSync } from 'node:child_process'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'

// Else a file that has been looked at once is never read again.
sharp.cache(false)

/** A clear PNG of any size, small as a file and quickly made. */
export function blank(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 6], 8)
  const pixels = deflateSync(Buffer.alloc((width * 4 + 1) * height), { level: 1 })
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const chunks = [chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([signature, ...chunks.flat()])
}

/** A chunk of a PNG. */
export function chunk(type: string, data: Buffer): Buffer[] {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return [length, body, check]
}

/** The processes that this one has started. */
export function processes(): number[] {
  const children = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], {
    encoding: 'utf8',
  })
  return children
    .split('\n')
    .filter((line) => line.includes('images/worker'))
    .map((line) => Number.parseInt(line, 10))
}

/** Colours of a picture's corners: left and right above, left and right below. */
export const CORNERS = [
  [230, 40, 40],
  [40, 200, 60],
  [40, 60, 220],
  [240, 230, 220],
] as const

/** Four corners of a colour each. */
export async function corners(width: number, height: number): Promise<Buffer> {
  const pixels = Buffer.from(CORNERS.flat())
  return sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } })
    .resize(width, height, { kernel: 'nearest', fit: 'fill' })
    .png()
    .toBuffer()
}

/** The colours in the middle of a picture's four corners; `ignoreIcc`, its numbers as they stand. */
export async function cornersOf(
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

/**
 * A picture as a camera stores it that was held so: a JPEG that is upright only when its EXIF orientation
 * (1 to 8, TIFF 6.0 section 8) is heeded.
 */
export async function heldSo(upright: Buffer, orientation: number): Promise<Buffer> {
  // How what is stored comes of what is seen: quarter turns clockwise, then mirrored.
  const [turns, mirrored] = STORED[orientation - 1]!
  const turned = await sharp(upright)
    .rotate(turns * 90)
    .png()
    .toBuffer()
  const stored = mirrored ? sharp(turned).flop() : sharp(turned)
  return stored.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer()
}

const STORED = [
  [0, false],
  [0, true],
  [2, false],
  [2, true],
  [1, true],
  [3, false],
  [3, true],
  [1, false],
] as const
