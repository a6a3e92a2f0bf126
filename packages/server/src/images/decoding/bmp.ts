/** Lengths of `BITMAPCOREHEADER`, `BITMAPINFOHEADER`, and the shortest header that contains masks. */
const [CORE_HEADER_BYTES, INFO_HEADER_BYTES, MASKED_HEADER_BYTES] = [12, 40, 52]
const [RGB, RLE8, RLE4, BITFIELDS, ALPHABITFIELDS] = [0, 1, 2, 3, 6]
/** Masks of red, green, blue and alpha for headers without masks, by bits a pixel. */
const DEFAULT_MASKS: Record<number, readonly number[]> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  24: [0xff0000, 0x00ff00, 0x0000ff, 0],
  32: [0xff0000, 0x00ff00, 0x0000ff, 0],
}

/** Values of a BMP's header. */
export interface BmpHeader {
  /** Pixels. */
  readonly width: number
  readonly height: number
  readonly topFirst: boolean
  /** Bits a pixel. */
  readonly bits: number
  readonly compression: number
  /** Masks of red, green, blue and alpha. */
  readonly masks: readonly number[]
  /** Position of the colours, their number, and the bytes of each. */
  readonly palette: { readonly at: number; readonly colours: number; readonly bytes: number }
  /** Position of the pixels. */
  readonly at: number
}

/** Reads the header of a Windows or OS/2 bitmap (Windows GDI, "Bitmap Storage"). Throws for other kinds. */
export function readBmpHeader(file: Buffer): BmpHeader {
  const at = file.readUInt32LE(10)
  const length = file.readUInt32LE(14)
  const isCore = length === CORE_HEADER_BYTES
  if (!isCore && length < INFO_HEADER_BYTES) throw new Error(`header of ${length} bytes`)
  const width = isCore ? file.readUInt16LE(18) : file.readInt32LE(18)
  const height = isCore ? file.readUInt16LE(20) : file.readInt32LE(22)
  const bits = file.readUInt16LE(isCore ? 24 : 28)
  const compression = isCore ? RGB : file.readUInt32LE(30)
  if (width < 1 || height === 0) throw new Error(`${width} by ${height}`)
  if (!VALID_BITS[compression]?.includes(bits))
    throw new Error(`compression ${compression} of ${bits} bits`)
  const hasMasks = compression === BITFIELDS || compression === ALPHABITFIELDS
  const alpha = compression === ALPHABITFIELDS || length > MASKED_HEADER_BYTES
  const masks = hasMasks
    ? [54, 58, 62, 66].map((place, i) => (i < 3 || alpha ? file.readUInt32LE(place) : 0))
    : DEFAULT_MASKS[bits]!
  const after = hasMasks && length === INFO_HEADER_BYTES ? (alpha ? 16 : 12) : 0
  const colourCount = isCore ? 0 : file.readUInt32LE(46)
  const colours = bits > 8 ? 0 : Math.min(colourCount || 2 ** bits, 2 ** bits)
  const palette = { at: 14 + length + after, colours, bytes: isCore ? 3 : 4 }
  return {
    width,
    height: Math.abs(height),
    topFirst: height < 0,
    bits,
    compression,
    masks,
    palette,
    at,
  }
}

/** Valid bits a pixel, by compression. */
const VALID_BITS: Record<number, readonly number[]> = {
  [RGB]: [1, 2, 4, 8, 16, 24, 32],
  [RLE8]: [8],
  [RLE4]: [4],
  [BITFIELDS]: [16, 32],
  [ALPHABITFIELDS]: [16, 32],
}

/** Draws a bitmap as RGBA, topmost row first. Throws if the file ends before the last row. */
export function drawBmp(file: Buffer, header: BmpHeader, rgba: Uint8Array): void {
  const { bits, compression } = header
  if (compression === RLE8 || compression === RLE4) drawRuns(file, header, rgba)
  else if (bits <= 8) drawIndexed(file, header, rgba)
  else drawMasked(file, header, rgba)
}

/** Returns the position in RGBA of the row that is stored as the nth. */
const rowPosition = ({ width, height, topFirst }: BmpHeader, n: number): number =>
  (topFirst ? n : height - 1 - n) * width * 4

/** Yields the position of each row in the file and in RGBA. Rows are padded to four bytes. */
function* rows(file: Buffer, header: BmpHeader): Generator<{ from: number; to: number }> {
  const stride = Math.ceil((header.width * header.bits) / 32) * 4
  if (header.at + stride * header.height > file.length) throw new Error('truncated')
  for (let n = 0; n < header.height; n++)
    yield { from: header.at + n * stride, to: rowPosition(header, n) }
}

function drawIndexed(file: Buffer, header: BmpHeader, rgba: Uint8Array): void {
  const { width, bits } = header
  const colours = readPalette(file, header)
  const each = 8 / bits
  const mask = 2 ** bits - 1
  for (const { from, to } of rows(file, header))
    for (let x = 0; x < width; x++) {
      const byte = file[from + Math.floor(x / each)]!
      const at = ((byte >> ((each - 1 - (x % each)) * bits)) & mask) * 4
      const pixel = to + x * 4
      rgba[pixel] = colours[at]!
      rgba[pixel + 1] = colours[at + 1]!
      rgba[pixel + 2] = colours[at + 2]!
      rgba[pixel + 3] = 255
    }
}

function drawMasked(file: Buffer, header: BmpHeader, rgba: Uint8Array): void {
  const { width, bits, masks } = header
  const bytes = bits / 8
  const channels = masks.map(channelOf)
  let isSeen = false
  for (const { from, to } of rows(file, header))
    for (let x = 0; x < width; x++) {
      const pixel = file.readUIntLE(from + x * bytes, bytes)
      for (let i = 0; i < 4; i++) rgba[to + x * 4 + i] = channels[i]!(pixel)
      isSeen ||= rgba[to + x * 4 + 3]! > 0
    }
  // Many programs leave alpha at 0. Browsers then take none of it.
  if (!isSeen) for (let i = 3; i < rgba.length; i += 4) rgba[i] = 255
}

/** Returns a function that reads one channel of a pixel, from 0 to 255. A channel without a mask is 255. */
function channelOf(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 255
  const shift = 31 - Math.clz32(mask & -mask)
  const maximum = mask >>> shift
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / maximum)
}

/** Draws run-length encoded pixels. Pixels that no run covers stay transparent. */
function drawRuns(file: Buffer, header: BmpHeader, rgba: Uint8Array): void {
  const { width, height, bits, at } = header
  const colours = readPalette(file, header)
  let [x, y, next] = [0, 0, at]
  const put = (index: number) => {
    if (x < width)
      rgba.set(colours.subarray(index * 4, index * 4 + 4), rowPosition(header, y) + x++ * 4)
  }
  const nibble = (byte: number, i: number) => (bits === 8 ? byte : i % 2 ? byte & 15 : byte >> 4)
  while (y < height) {
    const [count, value] = [file.readUInt8(next), file.readUInt8(next + 1)]
    next += 2
    if (count > 0) for (let i = 0; i < count; i++) put(nibble(value, i))
    else if (value === 0) [x, y] = [0, y + 1]
    else if (value === 1) return
    else if (value === 2) {
      x += file.readUInt8(next)
      y += file.readUInt8(next + 1)
      next += 2
    } else {
      // Literal pixels, padded to two bytes.
      for (let i = 0; i < value; i++)
        put(nibble(file.readUInt8(next + Math.floor((i * bits) / 8)), i))
      next += Math.ceil((value * bits) / 16) * 2
    }
  }
}

/** Reads the palette as RGBA; black where the file has no colour. */
function readPalette(file: Buffer, { bits, palette }: BmpHeader): Uint8Array {
  const { at, colours, bytes } = palette
  const rgba = new Uint8Array(2 ** bits * 4)
  for (let i = 0; i < 2 ** bits; i++) {
    const colour = i < colours ? file.subarray(at + i * bytes, at + i * bytes + 3) : []
    const [blue = 0, green = 0, red = 0] = colour
    rgba.set([red, green, blue, 255], i * 4)
  }
  return rgba
}
