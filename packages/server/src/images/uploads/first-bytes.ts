import {
  type ByteRange,
  CAMERA_HEADER_BYTES,
  type CameraThumbnail,
  findCameraThumbnail,
  type PictureHeader,
  readPictureHeader,
} from '@wirephoto/board'

/** Begins a JPEG whose first segment is an Exif one, as cameras write it. */
const CAMERA_SIGNATURE = 'ffd8ffe1'
/** Bytes from a JPEG's frame header to its pixels, as cameras write it: tables. */
const TABLES_BYTES = 1_024

/** Reads a picture's header, and the thumbnail that a camera put into it, from a file's bytes as they arrive. */
export class FirstBytes {
  #reading: ReturnType<typeof readPictureHeader> | null = readPictureHeader()
  #range: ByteRange = { at: 0, length: 0 }
  /** The bytes of the range that have arrived, from its start on. */
  #held: Buffer = Buffer.alloc(0)
  #header: PictureHeader | null = null
  /** The pieces that may hold a camera's thumbnail; null when they are no longer needed. */
  #pieces: Buffer[] | null = []
  #pieceBytes = 0
  /** The least bytes that hold the header as far as the pixels. */
  #thumbnailEnd = Number.POSITIVE_INFINITY
  #thumbnail: CameraThumbnail | null = null

  constructor() {
    this.#go()
  }

  /** The header; null while it isn't there, and where it leaves a doubt. */
  get header(): PictureHeader | null {
    return this.#header
  }

  /** Whether the header may still come. */
  get isHeaderPending(): boolean {
    return this.#reading !== null
  }

  /** The thumbnail of a file as a camera wrote it; null while it isn't there, and for any other file. */
  get thumbnail(): CameraThumbnail | null {
    return this.#thumbnail
  }

  /** Whether more bytes may still tell something. */
  get isReading(): boolean {
    return this.isHeaderPending || this.#pieces !== null
  }

  /** Takes the bytes from the position `at` on. Bytes that aren't given in their order end the reading. */
  take(bytes: Buffer, at: number): void {
    this.#readHeader(bytes, at)
    this.#keepPiece(bytes, at)
  }

  #keepPiece(bytes: Buffer, at: number): void {
    if (!this.#pieces) return
    const isFirst = this.#pieces.length === 0
    const isCamera = isFirst
      ? at === 0 && bytes.toString('hex', 0, 4) === CAMERA_SIGNATURE
      : at === this.#pieceBytes
    const isHopeless = !this.#reading && !this.#header
    if (!isCamera || isHopeless || this.#pieceBytes >= CAMERA_HEADER_BYTES) {
      this.#pieces = null
      return
    }
    this.#pieces.push(bytes)
    this.#pieceBytes += bytes.length
    if (this.#pieceBytes < this.#thumbnailEnd) return
    this.#thumbnail = findCameraThumbnail(Buffer.concat(this.#pieces))
    this.#pieces = null
  }

  #readHeader(bytes: Buffer, at: number): void {
    while (this.#reading) {
      const { at: start, length } = this.#range
      const from = start + this.#held.length - at
      if (from < 0) return this.#end(null)
      const more = bytes.subarray(from, start + length - at)
      this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, more]) : more
      if (this.#held.length < length) return
      this.#go(new DataView(this.#held.buffer, this.#held.byteOffset, this.#held.length))
    }
  }

  /** Goes on with the bytes of the last range, and notes the next one. */
  #go(bytes?: DataView): void {
    const { at } = this.#range
    try {
      const step = bytes ? this.#reading!.next(bytes) : this.#reading!.next()
      if (step.done) {
        this.#thumbnailEnd = at + TABLES_BYTES
        return this.#end(step.value)
      }
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
