import type { FileHandle } from 'node:fs/promises'

/** Bytes of a file that are looked at in one go. */
const SLICE = 1_048_576
/** The most parts of a file that are told apart. */
const PARTS = 1_000_000

/** What of a file stays, and what is written over parts of it. Everything else becomes zero (F10). */
export class EditPlan {
  #kept: { readonly start: number; end: number }[] = []
  readonly #written: { readonly at: number; readonly bytes: Buffer }[] = []

  /** Throws when there are more parts than any picture has. */
  keep(start: number, end: number): void {
    const last = this.#kept.at(-1)
    if (last && last.end === start) last.end = Math.max(end, start)
    else if (end > start && this.#kept.push({ start, end }) > PARTS) throw new MalformedFileError()
  }

  overwrite(at: number, bytes: Buffer): void {
    this.#written.push({ at, bytes })
  }

  /**
   * Carries it out, and writes nothing where nothing changes. First what the rest is found by: so it may
   * break off and be planned anew, and nothing is missed then.
   */
  async apply(file: FileHandle): Promise<void> {
    for (const { at, bytes } of this.#written) {
      const { buffer: is } = await file.read(Buffer.alloc(bytes.length), 0, bytes.length, at)
      if (!is.equals(bytes)) await writeAll(file, bytes, at)
    }
    this.#kept.sort((a, b) => a.start - b.start)
    const [is, becomes] = [Buffer.alloc(SLICE), Buffer.alloc(SLICE)]
    let kept = 0
    for (let at = 0; ; at += SLICE) {
      const { bytesRead } = await file.read(is, 0, SLICE, at)
      if (bytesRead === 0) return
      const end = at + bytesRead
      becomes.fill(0)
      for (let i = kept; i < this.#kept.length && this.#kept[i]!.start < end; i++) {
        const part = this.#kept[i]!
        if (part.end <= at && i === kept) kept++
        const from = Math.max(part.start, at) - at
        if (part.end > at) is.copy(becomes, from, from, Math.min(part.end, end) - at)
      }
      if (is.compare(becomes, 0, bytesRead, 0, bytesRead) !== 0)
        await writeAll(file, becomes.subarray(0, bytesRead), at)
    }
  }
}

/** Writes all of it, however the system takes it. */
export async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; )
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}

/** What can't be told apart can't be cleaned: such a file is refused (F8). */
export class MalformedFileError extends Error {
  constructor() {
    super('not to be understood')
  }
}

/** What a file says of itself, read here and there: no more in all than any picture needs. */
export class BoundedReader {
  readonly #file: FileHandle
  /** Bytes. */
  #left = 16_777_216

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** Throws `Broken` when there isn't as much. */
  async read(at: number, length: number): Promise<Buffer> {
    this.#left -= length
    if (this.#left < 0) throw new MalformedFileError()
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, at)
    if (bytesRead < length) throw new MalformedFileError()
    return buffer
  }
}
