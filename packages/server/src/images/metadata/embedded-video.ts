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
    const bytes = Buffer.concat([this.#last, piece])
    const start = this.#position - this.#last.length
    for (let at = bytes.indexOf(BOX_TYPE); at >= 0; at = bytes.indexOf(BOX_TYPE, at + 1))
      if (
        start + at >= FIRST_BYTES &&
        VIDEO_BRANDS.includes(bytes.toString('latin1', at + 4, at + 8))
      )
        this.#isFound = true
    this.#position += piece.length
    this.#last = bytes.subarray(-OVERLAP_BYTES)
  }
}
