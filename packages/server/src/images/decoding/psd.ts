/** Modes that are drawn (Adobe Photoshop File Formats, "File Header Section"), and their channels of colour. */
const COLOUR_CHANNELS: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 3 }
const [INDEXED, RGB] = [2, 3]
/** Image resources: the colour profile, and whether there is a merged picture. */
const [ICC_PROFILE, VERSION_INFO] = [1039, 1057]
const [RAW, RUN_LENGTHS] = [0, 1]

/** The merged picture of a Photoshop file, not decoded yet. */
export interface OpenPsd {
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** ICC; null for greys and palettes, whose profiles aren't for RGB. */
  readonly profile: Uint8Array | null
  readonly draw: (rgba: Uint8Array) => void
}

/** The header and the sections of a Photoshop file. */
interface PsdParts {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly depth: number
  readonly mode: number
  readonly isLarge: boolean
  readonly palette: Buffer
  readonly resources: ReadonlyMap<number, Buffer>
  /** Layers; less than none if the merged picture has an alpha channel. */
  readonly layerCount: number
  /** Position of the merged picture. */
  readonly at: number
}

/** Says what is known of a complete file without decoding it. Throws for one that is cut off. */
export function describePsd(file: Buffer): { isDrawable: boolean; hasLayers: boolean } {
  const { channels, depth, mode, resources, layerCount } = readParts(file)
  const colours = COLOUR_CHANNELS[mode]
  const isKnown = colours !== undefined && channels >= colours && (depth === 8 || depth === 16)
  const isMerged = resources.get(VERSION_INFO)?.[4] !== 0
  return { isDrawable: isKnown && isMerged, hasLayers: layerCount !== 0 }
}

/** Opens a PSD or PSB that is drawable. Throws for one that is cut off. */
export function openPsd(file: Buffer): OpenPsd {
  const { width, height, channels, depth, mode, isLarge, palette, ...parts } = readParts(file)
  const colours = COLOUR_CHANNELS[mode]!
  const compression = file.readUInt16BE(parts.at)
  if (compression !== RAW && compression !== RUN_LENGTHS)
    throw new Error(`compression ${compression}`)
  const planes = { width, height, channels, bytes: depth / 8, isLarge, at: parts.at + 2 }
  const alpha = channels > colours && parts.layerCount < 0 ? colours : null
  return {
    width,
    height,
    profile: (mode === RGB && parts.resources.get(ICC_PROFILE)) || null,
    draw(rgba) {
      const rows = compression === RAW ? rawRows(file, planes) : packedRows(file, planes)
      const paint = mode === INDEXED ? paletteOf(palette) : (value: number) => value
      rgba.fill(255)
      for (const { channel, y, row } of rows) {
        if (channel >= colours && channel !== alpha) continue
        const targets = channel === alpha ? [3] : mode === RGB ? [channel] : [0, 1, 2]
        for (const to of targets)
          for (let x = 0; x < width; x++) {
            const value = row[x * planes.bytes]!
            rgba[(y * width + x) * 4 + to] = to < 3 ? paint(value, to) : value
          }
      }
      if (alpha !== null) takeFromWhite(rgba)
    },
  }
}

/** Programs lay the merged picture on white; its own colours are what is left without that. */
function takeFromWhite(rgba: Uint8Array): void {
  for (let at = 0; at < rgba.length; at += 4) {
    const alpha = rgba[at + 3]!
    if (alpha === 0 || alpha === 255) continue
    for (let i = at; i < at + 3; i++)
      rgba[i] = Math.max(0, Math.min(255, ((rgba[i]! - 255 + alpha) * 255) / alpha))
  }
}

function readParts(file: Buffer): PsdParts {
  const isLarge = file.readUInt16BE(4) === 2
  const palette = sectionAt(file, 26, 4)
  const resources = sectionAt(file, palette.end, 4)
  const layers = sectionAt(file, resources.end, isLarge ? 8 : 4)
  // A length of the layers' own stands before their number.
  const countAt = isLarge ? 8 : 4
  const hasCount = layers.bytes.length >= countAt + 2
  return {
    width: file.readUInt32BE(18),
    height: file.readUInt32BE(14),
    channels: file.readUInt16BE(12),
    depth: file.readUInt16BE(22),
    mode: file.readUInt16BE(24),
    isLarge,
    palette: palette.bytes,
    resources: readResources(resources.bytes),
    layerCount: hasCount ? layers.bytes.readInt16BE(countAt) : 0,
    at: layers.end,
  }
}

/** Reads a section that begins with its length. Throws behind the end. */
function sectionAt(file: Buffer, at: number, lengthBytes: 4 | 8): { bytes: Buffer; end: number } {
  const length = lengthBytes === 8 ? Number(file.readBigUInt64BE(at)) : file.readUInt32BE(at)
  const start = at + lengthBytes
  if (start + length > file.length) throw new Error('cut off')
  return { bytes: file.subarray(start, start + length), end: start + length }
}

/** Palettes stand as 256 reds, then greens, then blues. */
function paletteOf(palette: Buffer): (index: number, channel: number) => number {
  if (palette.length < 768) throw new Error('no palette')
  return (index, channel) => palette[channel * 256 + index]!
}

/** Reads the resources by their ids; the later one of two counts. */
function readResources(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; at + 12 <= bytes.length; ) {
    const id = bytes.readUInt16BE(at + 4)
    // A Pascal string, padded to an even length.
    const nameBytes = (bytes[at + 6]! + 2) & ~1
    const start = at + 6 + nameBytes + 4
    if (start > bytes.length) break
    const length = bytes.readUInt32BE(start - 4)
    found.set(id, bytes.subarray(start, start + length))
    at = start + length + (length & 1)
  }
  return found
}

interface Planes {
  readonly width: number
  readonly height: number
  readonly channels: number
  /** Bytes of a value; the first one is the highest. */
  readonly bytes: number
  readonly isLarge: boolean
  readonly at: number
}

interface Row {
  readonly channel: number
  readonly y: number
  readonly row: Uint8Array
}

function* rawRows(file: Buffer, { width, height, channels, bytes, at }: Planes): Generator<Row> {
  const length = width * bytes
  if (at + length * height * channels > file.length) throw new Error('cut off')
  for (let i = 0; i < height * channels; i++) {
    const start = at + i * length
    yield {
      channel: Math.floor(i / height),
      y: i % height,
      row: file.subarray(start, start + length),
    }
  }
}

/** Unpacks rows of runs ("PackBits", TIFF 6.0 section 9). Their lengths stand before them. */
function* packedRows(file: Buffer, planes: Planes): Generator<Row> {
  const { width, height, channels, bytes, isLarge, at } = planes
  const countBytes = isLarge ? 4 : 2
  const row = new Uint8Array(width * bytes)
  let start = at + height * channels * countBytes
  for (let i = 0; i < height * channels; i++) {
    const end = start + file.readUIntBE(at + i * countBytes, countBytes)
    if (end > file.length) throw new Error('cut off')
    unpack(file.subarray(start, end), row)
    start = end
    yield { channel: Math.floor(i / height), y: i % height, row }
  }
}

function unpack(packed: Uint8Array, row: Uint8Array): void {
  let to = 0
  for (let at = 0; at < packed.length && to < row.length; ) {
    const control = packed[at++]!
    if (control < 128) {
      row.set(packed.subarray(at, at + Math.min(control + 1, row.length - to)), to)
      at += control + 1
      to += control + 1
    } else if (control > 128) {
      row.fill(packed[at++]!, to, Math.min(to + 257 - control, row.length))
      to += 257 - control
    }
  }
  if (to < row.length) throw new Error('a row is cut off')
}
