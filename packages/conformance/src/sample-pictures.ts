import { crc32, deflateSync } from 'node:zlib'

const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Where a PNG has its width. */
const PNG_WIDTH_OFFSET_BYTES = 16

/** Makes a grey PNG of this size in pixels. `noise` makes it another file, and so large that it takes a while. */
export function pngOf(width: number, height: number, noise?: Uint8Array): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // Eight bits of grey a pixel.
  header[8] = 8
  // Each row has the number of its filter before it.
  const rows = Buffer.alloc((width + 1) * height)
  for (let i = 0; i < rows.length; i++)
    if (i % (width + 1) > 0) rows[i] = noise?.[i % noise.length] ?? 128
  return Buffer.concat([
    PNG_SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/** Returns the width of a PNG in pixels; null for any other file. */
export function widthOfPng(bytes: Uint8Array): number | null {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isPng =
    file.length > PNG_WIDTH_OFFSET_BYTES + 4 && file.subarray(0, 8).equals(PNG_SIGNATURE)
  return isPng ? file.readUInt32BE(PNG_WIDTH_OFFSET_BYTES) : null
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}
