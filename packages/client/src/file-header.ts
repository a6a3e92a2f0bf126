import { type PictureHeader, readPictureHeader } from '@wirephoto/board'

/** Bytes that are read at once: most headers end within them. */
const WINDOW_BYTES = 65_536

/** Reads as much of a file as most headers take. Rejects if the file can't be read. */
export const readFileStart = (file: Blob): Promise<ArrayBuffer> =>
  file.slice(0, WINDOW_BYTES).arrayBuffer()

/**
 * Reads what a file's header tells; null where that leaves a doubt, or the file can't be read. `begin` are its first
 * bytes, if they have been read.
 */
export async function readFileHeader(
  file: Blob,
  begin: Promise<ArrayBuffer> = readFileStart(file),
): Promise<PictureHeader | null> {
  try {
    const reading = readPictureHeader()
    let [window, start] = [new DataView(await begin), 0]
    for (let step = reading.next(); ; ) {
      if (step.done) return step.value
      const { at, length } = step.value
      if (at + length > start + window.byteLength && start + window.byteLength < file.size) {
        const bytes = file.slice(at, at + Math.max(length, WINDOW_BYTES))
        ;[window, start] = [new DataView(await bytes.arrayBuffer()), at]
      }
      const from = Math.min(at - start, window.byteLength)
      const count = Math.min(length, window.byteLength - from)
      step = reading.next(new DataView(window.buffer, from, count))
    }
  } catch {
    // It ends within its header, or has changed on the disk.
    return null
  }
}
