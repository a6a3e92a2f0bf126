import { crc32 } from 'node:zlib'

/** Part of a scrubber: it yields where the bytes end that there are, and goes on with the next ones. */
export type Scrubbing<T = void> = Generator<undefined, T, undefined>

/**
 * A file that runs through in pieces, of which nothing is held back: a byte is kept or written over when
 * it is read. So whoever goes on after a restart need only run through what has been written: it must
 * lead to where they were. Bytes that are written over must therefore never look like those kept.
 */
export class StreamEditor {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  /** Bytes of the file before these. */
  #piecePosition = 0
  /** CRC of what has been written since byte `#summed`, null when nobody asks. */
  #crc: number | null = null
  #crcFrom = 0

  /** Bytes of the file that have been dealt with. */
  get position(): number {
    return this.#piecePosition + this.#at
  }

  /** The next bytes of the file. */
  load(bytes: Buffer): void {
    this.#updateCrc()
    this.#piecePosition += this.#bytes.length
    this.#bytes = bytes
    this.#at = this.#crcFrom = 0
  }

  /** Reads a byte and keeps it. */
  *readByte(): Scrubbing<number> {
    while (this.#at === this.#bytes.length) yield
    return this.#bytes[this.#at++]!
  }

  /** Writes over the byte that has just been read. */
  replaceLast(byte: number): void {
    this.#bytes[this.#at - 1] = byte
  }

  /** Reads a number and keeps it. */
  *readUint(bytes: 2 | 4, order: 'big' | 'little' = 'big'): Scrubbing<number> {
    let value = 0
    for (let i = 0; i < bytes; i++)
      value += (yield* this.readByte()) * 256 ** (order === 'big' ? bytes - 1 - i : i)
    return value
  }

  *keep(count: number): Scrubbing {
    yield* this.keepTo(this.position + count)
  }

  *keepTo(end: number): Scrubbing {
    while (this.position < end) {
      const count = yield* this.#available(end)
      this.#at += count
    }
  }

  /**
   * Keeps bytes up to and with the next one of this value. Those that are seen to be followed by what
   * `passes` may be passed over, since nothing else is as quick.
   */
  *keepThrough(byte: number, passes: (next: number) => boolean): Scrubbing {
    for (;;) {
      yield* this.#available(Number.POSITIVE_INFINITY)
      const bytes = this.#bytes
      let found = bytes.indexOf(byte, this.#at)
      while (found >= 0 && found + 1 < bytes.length && passes(bytes[found + 1]!))
        found = bytes.indexOf(byte, found + 2)
      this.#at = found < 0 ? bytes.length : found + 1
      if (found >= 0) return
    }
  }

  *wipe(count: number): Scrubbing {
    yield* this.wipeTo(this.position + count)
  }

  *wipeTo(end: number): Scrubbing {
    while (this.position < end) {
      const count = yield* this.#available(end)
      this.#bytes.fill(0, this.#at, this.#at + count)
      this.#at += count
    }
  }

  /** Writes these over as many bytes. */
  *overwrite(bytes: Uint8Array): Scrubbing {
    for (const byte of bytes) {
      yield* this.readByte()
      this.replaceLast(byte)
    }
  }

  /**
   * Which of these Latin-1 strings the bytes before `end` begin with; null when none. Kept is what may
   * belong to one; the first byte that can't is written over with `stop`, which must be in none of them.
   */
  *match<S extends string>(strings: readonly S[], end: number, stop = 0xff): Scrubbing<S | null> {
    let read = ''
    while (this.position < end) {
      const next = read + String.fromCharCode(yield* this.readByte())
      if (!strings.some((string) => string.startsWith(next))) {
        this.replaceLast(stop)
        return null
      }
      read = next
      const found = strings.find((string) => string === read)
      if (found !== undefined) return found
    }
    return null
  }

  /** From here on the CRC-32 is taken of all that is written. */
  startCrc(): void {
    this.#crc = 0
    this.#crcFrom = this.#at
  }

  /** Writes the CRC over the next four bytes. */
  *overwriteCrc(): Scrubbing {
    this.#updateCrc()
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(this.#crc ?? 0)
    this.#crc = null
    yield* this.overwrite(crc)
  }

  /** How many bytes there are before `end`; waits for the first. */
  *#available(end: number): Scrubbing<number> {
    while (this.#at === this.#bytes.length) yield
    return Math.min(this.#bytes.length - this.#at, end - this.position)
  }

  #updateCrc(): void {
    if (this.#crc === null) return
    this.#crc = crc32(this.#bytes.subarray(this.#crcFrom, this.#at), this.#crc)
    this.#crcFrom = this.#at
  }
}
