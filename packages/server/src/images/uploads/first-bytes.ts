import { type ByteRange, type PictureHeader, readPictureHeader } from '@wirephoto/board'

/** Reads a picture's header from a file's bytes as they arrive. */
export class FirstBytes {
  #reading: ReturnType<typeof readPictureHeader> | null = readPictureHeader()
  #range: ByteRange = { at: 0, length: 0 }
  /** The bytes of the range that have arrived, from its start on. */
  #held: Buffer = Buffer.alloc(0)
  #header: PictureHeader | null = null

  constructor() {
    this.#go()
  }

  /** The header; null while it isn't there, and where it leaves a doubt. */
  get header(): PictureHeader | null {
    return this.#header
  }

  /** Whether more bytes may still tell something. */
  get isReading(): boolean {
    return this.#reading !== null
  }

  /** Takes the bytes from the position `at` on. Bytes that aren't given in their order end the reading. */
  take(bytes: Buffer, at: number): void {
    while (this.#reading) {
      const { at: start, length } = this.#range
      const from = start + this.#held.length - at
      if (from < 0) return this.#end(null)
      const more = bytes.subarray(from, start + length - at)
      // Held bytes outlive their piece, which belongs to the sender's stream.
      this.#held = Buffer.concat([this.#held, more])
      if (this.#held.length < length) return
      this.#go(new DataView(this.#held.buffer, this.#held.byteOffset, this.#held.length))
    }
  }

  /** Goes on with the bytes of the last range, and notes the next one. */
  #go(bytes?: DataView): void {
    const { at } = this.#range
    try {
      const step = bytes ? this.#reading!.next(bytes) : this.#reading!.next()
      if (step.done) return this.#end(step.value)
      this.#range = step.value
      this.#held = this.#held.subarray(step.value.at - at)
    } catch {
      this.#end(null)
    }
  }

  #end(header: PictureHeader | null): void {
    this.#header = header
    this.#reading = null
    this.#held = Buffer.alloc(0)
  }
}
