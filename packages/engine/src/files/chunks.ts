import type { FileHandle } from 'node:fs/promises'

/**
 * Reads a file in chunks of `size` bytes; only the last may be shorter. An empty file has no chunk.
 * One chunk is in memory at a time.
 */
export async function* readChunks(file: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const chunk = Buffer.allocUnsafe(size)
    let filled = 0
    while (filled < size) {
      const { bytesRead } = await file.read(chunk, filled, size - filled, at + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    if (filled > 0) yield chunk.subarray(0, filled)
    if (filled < size) return
    at += filled
  }
}
