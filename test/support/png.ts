import { crc32 } from 'node:zlib'

/** Creates a chunk of a PNG. */
export function pngChunk(type: string, data: Buffer): Buffer[] {
  const body = Buffer.concat([Buffer.from(type), data])
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  check.writeUInt32BE(crc32(body))
  return [length, body, check]
}

/** Returns a PNG with further chunks behind its header. */
export const withPngChunks = (png: Buffer, ...chunks: readonly Buffer[][]): Buffer =>
  Buffer.concat([png.subarray(0, 33), ...chunks.flat(), png.subarray(33)])
