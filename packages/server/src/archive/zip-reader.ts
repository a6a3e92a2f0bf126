import type { Readable } from 'node:stream'
import type { ByteRange } from '../byte-range.ts'
import type { ZipLayout, ZipPart } from './zip-layout.ts'

/** The files of an archive. */
export interface ZipSource {
  /** Resolves to the CRC-32 of a file. */
  crc(index: number): Promise<number>
  /** Reads a range of a file. */
  read(index: number, range: ByteRange): Promise<Readable | Buffer>
}

/**
 * Reads a range of an archive: in memory are one record and what its file's stream holds. Fails as the source does, and
 * if a file has another length than the layout says.
 */
export async function* readZip(
  layout: ZipLayout,
  source: ZipSource,
  range: ByteRange,
): AsyncGenerator<Buffer> {
  for (const part of layout.parts(range)) {
    if (part.kind !== 'file') {
      yield (await recordOf(layout, source, part)).subarray(part.range.start, part.range.end)
      continue
    }
    const { start, end } = part.range
    const stream = await source.read(part.index, part.range)
    let bytes = 0
    for await (const chunk of Buffer.isBuffer(stream)
      ? [stream]
      : (stream as AsyncIterable<Buffer>)) {
      bytes += chunk.length
      if (bytes > end - start) break
      yield chunk
    }
    if (bytes !== end - start) throw new RangeError(`A file has not the length it had: ${bytes}`)
  }
}

async function recordOf(
  layout: ZipLayout,
  source: ZipSource,
  part: Exclude<ZipPart, { kind: 'file' }>,
): Promise<Buffer> {
  if (part.kind === 'end') return layout.end()
  const crc = await source.crc(part.index)
  return part.kind === 'header' ? layout.header(part.index, crc) : layout.record(part.index, crc)
}
