import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Markers of ITU T.81 table B.1. */
export const [SOI, EOI, SOS, DNL] = [0xd8, 0xd9, 0xda, 0xdc]
/** Frame headers of progressive JPEGs: Huffman and arithmetic coding. */
export const [SOF2, SOF10] = [0xc2, 0xca]

/** A marker and the segment that follows it. Positions are bytes of the file. */
export interface JpegSegment {
  readonly marker: number
  /** Position of the marker. */
  readonly start: number
  /** Position behind the segment; behind the marker if it has no segment. */
  readonly end: number
}

/**
 * Reads the markers of a JPEG one after the other (ITU T.81 annex B). Bytes that belong to no segment
 * become zero: decoders skip them. Everything else stays, unless the caller edits the segment.
 */
export class JpegSegments {
  readonly #editor: StreamEditor
  #last: JpegSegment | null = null

  /** `isStarted` if the editor has read SOI. */
  constructor(editor: StreamEditor, isStarted = false) {
    this.#editor = editor
    if (isStarted) this.#last = { marker: SOI, start: editor.position - 2, end: editor.position }
  }

  /**
   * Returns the next marker, with the editor behind its length. Keeps what the caller has not read of the
   * segment before, and the scan that follows it. EOI is the last; null follows it, and follows a broken
   * length or a second SOI, where another picture starts.
   */
  *next(): Scrubbing<JpegSegment | null> {
    const editor = this.#editor
    if (this.#last?.marker === EOI) return null
    if (this.#last === null) yield* editor.keep(2)
    else yield* editor.keepTo(this.#last.end)
    const isInScan = this.#last?.marker === SOS
    const marker = yield* isInScan ? readMarkerAfterScan(editor) : readMarker(editor)
    if (marker === SOI) return null
    const start = editor.position - 2
    let end = editor.position
    if (marker !== EOI && !isBare(marker)) {
      end += yield* editor.readUint(2)
      if (end < editor.position) return null
    }
    this.#last = { marker, start, end }
    return this.#last
  }
}

/** Returns whether a frame starts: SOF0 to SOF15, but for DHT, JPG and DAC between them. */
export const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc

/** Returns whether the marker has no length: TEM and RST0 to RST7. */
const isBare = (marker: number): boolean => marker === 0x01 || isRestart(marker)
const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7

function* readMarker(editor: StreamEditor): Scrubbing<number> {
  for (;;) {
    let byte = yield* editor.readByte()
    if (byte !== 0xff) {
      editor.replaceLast(0)
      continue
    }
    while (byte === 0xff) byte = yield* editor.readByte()
    if (byte !== 0) return byte
  }
}

/** Reads the marker that ends a scan: not a stuffed zero, not a fill byte, not a restart. */
function* readMarkerAfterScan(editor: StreamEditor): Scrubbing<number> {
  for (;;) {
    yield* editor.keepThrough(0xff, isPartOfScan)
    let byte = 0xff
    while (byte === 0xff) byte = yield* editor.readByte()
    if (!isPartOfScan(byte)) return byte
  }
}

const isPartOfScan = (next: number): boolean => next === 0 || isRestart(next)
