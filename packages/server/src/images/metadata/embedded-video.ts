/** First brands of the films that phones put into a motion photo's file (ISO/IEC 14496-12 annex E). */
const VIDEO_BRANDS = [
  'isom',
  'iso2',
  'iso4',
  'iso5',
  'iso6',
  'mp41',
  'mp42',
  'qt  ',
  '3gp4',
  '3gp5',
]
const BOX_TYPE = Buffer.from('ftyp')
/** Bytes of a box's type and its first brand, less one: so many of a piece may belong to the next find. */
const OVERLAP_BYTES = 7
/** A file that begins with a film is one. */
const FIRST_BYTES = 12

/**
 * Looks for a film inside a picture's file, as it comes: a motion photo of a Pixel or a Galaxy, whatever marks
 * it has. Random bytes look like one in a file of 10^17 bytes.
 */
export class EmbeddedVideo {
  #last = Buffer.alloc(0)
  #position = 0
  #isFound = false

  get isFound(): boolean {
    return this.#isFound
  }

  /** Takes the file's next bytes, as they were sent. */
  look(piece: Buffer): void {
    if (this.#isFound) return
    const seam = Buffer.concat([this.#last, piece.subarray(0, OVERLAP_BYTES)])
    this.#isFound =
      hasVideo(seam, this.#position - this.#last.length) || hasVideo(piece, this.#position)
    this.#position += piece.length
    const end = piece.length < OVERLAP_BYTES ? seam : piece
    // A copy: it must not keep the piece in memory.
    this.#last = Buffer.from(end.subarray(-OVERLAP_BYTES))
  }
}

/** Whether a film begins in bytes that stand at `position` in their file. */
function hasVideo(bytes: Buffer, position: number): boolean {
  for (let at = bytes.indexOf(BOX_TYPE); at >= 0; at = bytes.indexOf(BOX_TYPE, at + 1))
    if (
      position + at >= FIRST_BYTES &&
      VIDEO_BRANDS.includes(bytes.toString('latin1', at + 4, at + 8))
    )
      return true
  return false
}
