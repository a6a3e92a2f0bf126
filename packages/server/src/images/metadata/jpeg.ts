import { scrubExif } from './exif.ts'
import { DNL, isFrameHeader, type JpegSegment, JpegSegments, SOS } from './jpeg-segments.ts'
import type { Scrubbing, StreamEditor } from './stream-editor.ts'

const [DHT, DAC, DQT, DRI] = [0xc4, 0xcc, 0xdb, 0xdd]
const [APP0, APP1, APP2, APP14] = [0xe0, 0xe1, 0xe2, 0xee]
/** Bytes that stay of JFIF: version, units and densities. The thumbnail's size follows. JFIF 1.02. */
const JFIF_BYTES = 7
/** Bytes that stay of Adobe's segment: version, flags and transform. Adobe TN 5116 section 18. */
const ADOBE_BYTES = 7

/**
 * Scrubs a JPEG. Frames, tables and scans stay, with density, colour profile, Adobe's colour transform and
 * orientation. Every other segment keeps its length only: comments, thumbnails, XMP, IPTC, maker notes, and
 * further pictures behind the end.
 */
export function* scrubJpeg(editor: StreamEditor): Scrubbing {
  const segments = new JpegSegments(editor)
  for (let segment = yield* segments.next(); segment; segment = yield* segments.next())
    yield* scrubSegment(editor, segment)
}

function* scrubSegment(editor: StreamEditor, { marker, end }: JpegSegment): Scrubbing {
  if (isNeeded(marker) || (marker === DNL && end - editor.position === 2)) yield* editor.keepTo(end)
  if (marker === APP0 && (yield* editor.match(['JFIF\0'], end)))
    yield* editor.keepTo(Math.min(end, editor.position + JFIF_BYTES))
  // EXIF 2.32 section 4.7.2.
  if (marker === APP1 && (yield* editor.match(['Exif\0\0'], end))) yield* scrubExif(editor, end)
  // ICC.1 annex B.4.
  if (marker === APP2 && (yield* editor.match(['ICC_PROFILE\0'], end))) yield* editor.keepTo(end)
  if (marker === APP14 && (yield* editor.match(['Adobe'], end)))
    yield* editor.keepTo(Math.min(end, editor.position + ADOBE_BYTES))
  yield* editor.wipeTo(end)
}

/** Returns whether nothing is decoded without the segment. */
const isNeeded = (marker: number): boolean =>
  isFrameHeader(marker) || [DHT, DAC, DQT, DRI, SOS].includes(marker)
