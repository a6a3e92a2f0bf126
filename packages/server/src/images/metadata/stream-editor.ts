import { crc32 } from 'node:zlib'
import type { NoticeCode } from '@wirephoto/board'

/** A step-by-step edit: it yields when it needs the next piece of the file. */
export type Scrubbing<T = void> = Generator<undefined, T, undefined>

/** Byte that replaces the first one of an unknown name. */
const STOP = 0xff

/** Returns zeros behind a byte that begins no name. */
export function erased(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return length > 0 ? bytes.fill(STOP, 0, 1) : bytes
}

/** Bytes that are held back until all of them have come. */
interface Hold {
  /** Position in the file. */
  readonly position: number
  readonly bytes: Buffer
}

/**
 * Edits a file that passes through in pieces, without a change of length. A byte is kept or overwritten when
 * it is read. Only bytes that must be seen together are held back: at most one segment.
 *
 * After a restart the editor reads its own output again, and then the bytes that it held. It must reach the
 * same state. Therefore a byte that was overwritten must never look like one that is kept.
 */
export class StreamEditor {
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  /** Position of the current piece in the file. */
  #piecePosition = 0
  /** CRC-32 of the output up to `#crcFrom` in this piece; null when none is computed. */
  #crc: number | null = null
  #crcFrom = 0
  #hold: Hold | null = null
  /** Bytes of earlier pieces that are no longer held and haven't been taken yet. */
  #released: Buffer = Buffer.alloc(0)

  /** Bytes of the file that have been read. */
  get position(): number {
    return this.#piecePosition + this.#at
  }

  /** Takes the next piece of the file; it is overwritten in place. */
  load(bytes: Buffer): void {
    this.#updateCrc()
    this.#piecePosition += this.#bytes.length
    this.#bytes = bytes
    this.#at = this.#crcFrom = 0
  }

  /** Parts that were overwritten though people may miss them. */
  readonly losses = new Set<NoticeCode>()

  /** Bytes that are held back, as they came. */
  get held(): Buffer {
    if (!this.#hold) return Buffer.alloc(0)
    return this.#hold.bytes.subarray(0, this.position - this.#hold.position)
  }

  /** Takes the output of the current piece: what was released, and the piece without what is held back. */
  takeOutput(): Buffer {
    const end = this.#hold ? Math.max(0, this.#hold.position - this.#piecePosition) : this.#at
    const released = this.#released
    this.#released = Buffer.alloc(0)
    const output = this.#bytes.subarray(0, end)
    return released.length > 0 ? Buffer.concat([released, output]) : output
  }

  /** Returns the next byte without reading it; null behind `end`. */
  *peek(end: number): Scrubbing<number | null> {
    if (this.position >= end) return null
    yield* this.#available(end)
    return this.#bytes[this.#at]!
  }

  /**
   * Reads the bytes up to `end` and holds them back until all are there. Then it writes what `edit` returns in
   * their place; what `erased` does for null.
   */
  *hold(end: number, edit: (bytes: Buffer) => Buffer | null): Scrubbing {
    const { position } = this
    const bytes = Buffer.alloc(end - position)
    this.#hold = { position, bytes }
    while (this.position < end) {
      const count = yield* this.#available(end)
      this.#bytes.copy(bytes, this.position - position, this.#at, this.#at + count)
      this.#at += count
    }
    this.#hold = null
    const edited = edit(bytes) ?? erased(bytes.length)
    const earlier = Math.max(0, this.#piecePosition - position)
    if (earlier > 0) this.#released = edited.subarray(0, earlier)
    edited.copy(this.#bytes, position + earlier - this.#piecePosition, earlier)
  }

  /** Reads a byte and keeps it. */
  *readByte(): Scrubbing<number> {
    while (this.#at === this.#bytes.length) yield
    return this.#bytes[this.#at++]!
  }

  /** Overwrites the byte that was read last. */
  replaceLast(byte: number): void {
    this.#bytes[this.#at - 1] = byte
  }

  /** Reads an unsigned number and keeps it. */
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
   * Keeps bytes up to and including the next one of this value. One that is followed by a byte which `skips`
   * accepts may be passed over: the search for bytes is much faster than the generator.
   */
  *keepThrough(byte: number, skips: (next: number) => boolean): Scrubbing {
    for (;;) {
      yield* this.#available(Number.POSITIVE_INFINITY)
      const bytes = this.#bytes
      let found = bytes.indexOf(byte, this.#at)
      while (found >= 0 && found + 1 < bytes.length && skips(bytes[found + 1]!))
        found = bytes.indexOf(byte, found + 2)
      this.#at = found < 0 ? bytes.length : found + 1
      if (found >= 0) return
    }
  }

  /** Overwrites as many bytes with zero. */
  *wipe(count: number): Scrubbing {
    yield* this.wipeTo(this.position + count)
  }

  /** Overwrites with zero up to the position `end`. */
  *wipeTo(end: number): Scrubbing {
    while (this.position < end) {
      const count = yield* this.#available(end)
      this.#bytes.fill(0, this.#at, this.#at + count)
      this.#at += count
    }
  }

  /** Overwrites as many bytes with these. */
  *overwrite(bytes: Uint8Array): Scrubbing {
    for (const byte of bytes) {
      yield* this.readByte()
      this.replaceLast(byte)
    }
  }

  /**
   * Returns which of these Latin-1 strings the bytes before `end` begin with, or null. Bytes that agree with
   * one of them stay. The first byte that disagrees becomes `stop`, which none of them may contain.
   */
  *match<S extends string>(strings: readonly S[], end: number, stop = STOP): Scrubbing<S | null> {
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

  /** Starts a CRC-32 of the output. */
  startCrc(): void {
    this.#crc = 0
    this.#crcFrom = this.#at
  }

  /** Overwrites the next four bytes with the CRC-32, big-endian. */
  *overwriteCrc(): Scrubbing {
    this.#updateCrc()
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(this.#crc ?? 0)
    this.#crc = null
    yield* this.overwrite(crc)
  }

  /** Returns how many bytes of this piece stand before `end`; waits for the first. */
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
