/** How a Photoshop file is made; all that is absent is the plainest. */
interface PsdOptions {
  readonly version?: 1 | 2
  readonly mode?: number
  readonly depth?: 8 | 16
  readonly isPacked?: boolean
  readonly palette?: Buffer
  /** Image resources by their ids. */
  readonly resources?: ReadonlyMap<number, Buffer>
  /** Text in a layer, whose picture has alpha then. */
  readonly layer?: string
}

/** Creates a PSD or PSB of planes of 8 bits (Adobe Photoshop File Formats). */
export function createPsd(
  width: number,
  height: number,
  planes: readonly Buffer[],
  options: PsdOptions = {},
): Buffer {
  const { version = 1, mode = 3, depth = 8, isPacked = false, palette, resources, layer } = options
  const header = Buffer.alloc(26)
  header.write('8BPS')
  header.writeUInt16BE(version, 4)
  header.writeUInt16BE(planes.length, 12)
  header.writeUInt32BE(height, 14)
  header.writeUInt32BE(width, 18)
  header.writeUInt16BE(depth, 22)
  header.writeUInt16BE(mode, 24)
  const blocks = Array.from(resources ?? [], ([id, body]) => {
    const head = Buffer.alloc(12)
    head.write('8BIM')
    head.writeUInt16BE(id, 4)
    head.writeUInt32BE(body.length, 8)
    return Buffer.concat([head, body, Buffer.alloc(body.length & 1)])
  })
  const wide = version === 2 ? 8 : 4
  const layers = layer === undefined ? Buffer.alloc(0) : layersOf(layer, wide)
  const rows = planes.flatMap((plane) =>
    Array.from({ length: height }, (_, y) => {
      const row = plane.subarray(y * width, (y + 1) * width)
      return depth === 8 ? row : Buffer.from(Array.from(row, (value) => [value, 7]).flat())
    }),
  )
  const packed = isPacked ? rows.map(pack) : rows
  const counts = isPacked ? packed.map((row) => uint(row.length, version === 2 ? 4 : 2)) : []
  return Buffer.concat([
    header,
    sized(palette ?? Buffer.alloc(0), 4),
    sized(Buffer.concat(blocks), 4),
    sized(layers, wide),
    uint(isPacked ? 1 : 0, 2),
    ...counts,
    ...packed,
  ])
}

/** One layer, whose negative number says that the merged picture has alpha. */
function layersOf(text: string, wide: number): Buffer {
  const count = Buffer.alloc(2)
  count.writeInt16BE(-1)
  return sized(Buffer.concat([count, Buffer.from(text)]), wide)
}

/** Packs a row in runs of equal bytes ("PackBits"), and three bytes that are not. */
function pack(row: Buffer): Buffer {
  const parts: number[] = [2, ...row.subarray(0, 3)]
  for (let at = 3; at < row.length; ) {
    let length = 1
    while (length < 128 && row[at + length] === row[at]) length++
    parts.push(length === 1 ? 0 : 257 - length, row[at]!)
    at += length
  }
  return Buffer.from(parts)
}

const sized = (bytes: Buffer, wide: number): Buffer =>
  Buffer.concat([uint(bytes.length, wide), bytes])

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  buffer.writeUIntBE(value, Math.max(0, bytes - 6), Math.min(bytes, 6))
  return buffer
}
