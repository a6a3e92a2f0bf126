import type { FileHandle } from 'node:fs/promises'

/** Bytes that are read and compared at a time. */
const SLICE_BYTES = 1_048_576
/** Ranges of one file. No picture needs more. */
const MAX_RANGE_COUNT = 1_000_000
/** Bytes that are read of a file to plan its edit. No picture needs more. */
const MAX_READ_BYTES = 16_777_216

/** Edits to a file: ranges that stay, and bytes that are overwritten. Everything else becomes zero (F10). */
export class EditPlan {
  #kept: { readonly start: number; end: number }[] = []
  readonly #overwrites: { readonly at: number; readonly bytes: Buffer }[] = []

  /** Adds a range that stays. Throws `MalformedFileError` for too many ranges. */
  keep(start: number, end: number): void {
    const last = this.#kept.at(-1)
    if (last && last.end === start) last.end = Math.max(end, start)
    else if (end > start && this.#kept.push({ start, end }) > MAX_RANGE_COUNT)
      throw new MalformedFileError()
  }

  overwrite(at: number, bytes: Buffer): void {
    this.#overwrites.push({ at, bytes })
  }

  /**
   * Edits the file in place. Bytes that don't change aren't written.
   *
   * The overwrites come first: they are what finds the rest. If the edit breaks off, a second plan of the same
   * file still finds everything.
   */
  async apply(file: FileHandle): Promise<void> {
    for (const { at, bytes } of this.#overwrites) {
      const { buffer: before } = await file.read(Buffer.alloc(bytes.length), 0, bytes.length, at)
      if (!before.equals(bytes)) await writeAll(file, bytes, at)
    }
    this.#kept.sort((a, b) => a.start - b.start)
    const [before, after] = [Buffer.alloc(SLICE_BYTES), Buffer.alloc(SLICE_BYTES)]
    let firstKept = 0
    for (let at = 0; ; at += SLICE_BYTES) {
      const { bytesRead } = await file.read(before, 0, SLICE_BYTES, at)
      if (bytesRead === 0) return
      const end = at + bytesRead
      after.fill(0)
      for (let i = firstKept; i < this.#kept.length && this.#kept[i]!.start < end; i++) {
        const range = this.#kept[i]!
        if (range.end <= at && i === firstKept) firstKept++
        const from = Math.max(range.start, at) - at
        if (range.end > at) before.copy(after, from, from, Math.min(range.end, end) - at)
      }
      if (before.compare(after, 0, bytesRead, 0, bytesRead) !== 0)
        await writeAll(file, after.subarray(0, bytesRead), at)
    }
  }
}

/** Writes all bytes, however many the system takes at a time. */
export async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}

/** A file whose parts can't be distinguished. It can't be scrubbed, so it is refused (M10). */
export class MalformedFileError extends Error {
  constructor() {
    super('malformed file')
  }
}

/** Reads parts of a file, up to a total that no picture needs. */
export class BoundedReader {
  readonly #file: FileHandle
  #remainingBytes: number

  constructor(file: FileHandle, maxBytes = MAX_READ_BYTES) {
    this.#file = file
    this.#remainingBytes = maxBytes
  }

  /** Reads exactly `length` bytes. Throws `MalformedFileError` if there are fewer, or past the total. */
  async read(at: number, length: number): Promise<Buffer> {
    this.#remainingBytes -= length
    if (this.#remainingBytes < 0) throw new MalformedFileError()
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, at)
    if (bytesRead < length) throw new MalformedFileError()
    return buffer
  }
}
