import { scrubExif } from './exif.ts'
import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** ITU T.81 table B.1. */
const [SOI, EOI, SOS, DNL] = [0xd8, 0xd9, 0xda, 0xdc]
const [APP0, APP1, APP2, APP14] = [0xe0, 0xe1, 0xe2, 0xee]
/** DQT, DRI, and the frames and tables without which nothing is decoded. */
const NEEDED = [
  0xdb,
  0xdd,
  SOS,
  ...[0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15].map((n) => 0xc0 + n),
]

/**
 * Frames, tables and scans stay, with the density, the colour profile, Adobe's colour transform and the
 * orientation. All other segments keep their length and nothing else: comments, thumbnails, XMP, IPTC,
 * maker notes, further pictures behind the end.
 */
export function* scrubJpeg(editor: StreamEditor): Scrubbing {
  yield* editor.keep(2)
  let marker = yield* nextMarker(editor)
  // A second start is that of another picture.
  while (marker !== EOI && marker !== SOI) {
    if (!isBare(marker)) {
      const end = editor.position + (yield* editor.readUint(2))
      if (end < editor.position) return
      yield* segment(editor, marker, end)
    }
    marker = marker === SOS ? yield* afterScan(editor) : yield* nextMarker(editor)
  }
}

/** Markers without a length: TEM and RST0 to RST7. */
const isBare = (marker: number): boolean => marker === 1 || isRestart(marker)
const isRestart = (marker: number): boolean => marker >= 0xd0 && marker <= 0xd7

/** What stands before it belongs to nothing, and decoders pass over it. */
function* nextMarker(editor: StreamEditor): Scrubbing<number> {
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

/** The marker that ends the scan: no stuffed zero, no fill byte, no restart. */
function* afterScan(editor: StreamEditor): Scrubbing<number> {
  for (;;) {
    yield* editor.keepThrough(0xff, isOfScan)
    let byte = 0xff
    while (byte === 0xff) byte = yield* editor.readByte()
    if (!isOfScan(byte)) return byte
  }
}

const isOfScan = (next: number): boolean => next === 0 || isRestart(next)

function* segment(editor: StreamEditor, marker: number, end: number): Scrubbing {
  if (NEEDED.includes(marker) || (marker === DNL && end - editor.position === 2))
    yield* editor.keepTo(end)
  // JFIF 1.02: version, units and densities; then the size of a thumbnail.
  if (marker === APP0 && (yield* editor.match(['JFIF\0'], end)))
    yield* editor.keepTo(Math.min(end, editor.position + 7))
  // EXIF 2.32 section 4.7.2.
  if (marker === APP1 && (yield* editor.match(['Exif\0\0'], end))) yield* scrubExif(editor, end)
  // ICC.1 annex B.4.
  if (marker === APP2 && (yield* editor.match(['ICC_PROFILE\0'], end))) yield* editor.keepTo(end)
  // Adobe TN 5116 section 18: version, flags, transform.
  if (marker === APP14 && (yield* editor.match(['Adobe'], end)))
    yield* editor.keepTo(Math.min(end, editor.position + 7))
  yield* editor.wipeTo(end)
}
