import { type FileHandle, open } from 'node:fs/promises'

const COMPARED_BYTES = 1_048_576

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

/**
 * Compares a file with another one that may be missing, cut off, or on a bad sector: then they differ.
 * Rejects only if the first can't be read.
 */
export async function hasSameBytes(path: string, other: string): Promise<boolean> {
  await using file = await open(path)
  const found = await open(other).catch(() => null)
  if (!found) return false
  await using stored = found
  const [one, two] = [await file.stat(), await stored.stat()]
  if (one.ino === two.ino && one.dev === two.dev) return true
  if (one.size !== two.size) return false
  const theirs = readChunks(stored, COMPARED_BYTES)
  for await (const chunk of readChunks(file, COMPARED_BYTES)) {
    const next = await theirs.next().catch(() => null)
    if (!next?.value || !chunk.equals(next.value)) return false
  }
  return true
}
