import { createReadStream } from 'node:fs'
import {
  EOI,
  isFrameHeader,
  JpegSegments,
  SOF2,
  SOF10,
  SOI,
  SOS,
} from '../metadata/jpeg-segments.ts'
import { type Scrubbing, StreamEditor } from '../metadata/stream-editor.ts'

/** Bytes that are searched for the frame header. No camera writes more before it. */
const MAX_HEADER_BYTES = 4_194_304

/**
 * Returns whether a JPEG is progressive, from the first `bytes` of its file. Null until its frame header has
 * arrived (ITU T.81 section B.2).
 */
export async function isProgressive(path: string, bytes: number): Promise<boolean | null> {
  const editor = new StreamEditor()
  const reading = readIsProgressive(editor)
  const end = Math.min(bytes, MAX_HEADER_BYTES)
  if (end === 0) return null
  let isFirst = true
  for await (const chunk of createReadStream(path, { end: end - 1 }) as AsyncIterable<Buffer>) {
    if (isFirst && !startsJpeg(chunk)) return false
    isFirst = false
    editor.load(chunk)
    const { done, value } = reading.next()
    if (done) return value
  }
  return end < MAX_HEADER_BYTES ? null : false
}

function* readIsProgressive(editor: StreamEditor): Scrubbing<boolean> {
  const segments = new JpegSegments(editor)
  for (let segment = yield* segments.next(); segment; segment = yield* segments.next()) {
    const { marker } = segment
    if (isFrameHeader(marker)) return marker === SOF2 || marker === SOF10
    if (marker === SOS) return false
  }
  return false
}

/**
 * Returns the complete scans at the start of a progressive JPEG as a file of their own: the whole picture,
 * not yet sharp. Null if the first scan is incomplete or lacks a component, or if the JPEG is of another
 * kind. `bytes` may be overwritten.
 */
export function wholeScans(bytes: Buffer): Buffer | null {
  if (!startsJpeg(bytes)) return null
  let end = 0
  const editor = new StreamEditor()
  editor.load(bytes)
  const { done, value } = readScans(editor, (at) => {
    end = at
  }).next()
  if ((done && !value) || end === 0) return null
  return Buffer.concat([bytes.subarray(0, end), Buffer.from([0xff, EOI])])
}

/** Calls back with the end of each complete scan. Returns false if none of them may be shown early. */
function* readScans(editor: StreamEditor, scanEnded: (at: number) => void): Scrubbing<boolean> {
  const segments = new JpegSegments(editor)
  let components = 0
  let isFirst = true
  let isInScan = false
  for (let segment = yield* segments.next(); segment; segment = yield* segments.next()) {
    if (isInScan) scanEnded(segment.start)
    isInScan = segment.marker === SOS
    if (isFrameHeader(segment.marker)) {
      if (segment.marker !== SOF2) return false
      // Precision, height and width stand before the number of components.
      yield* editor.keep(5)
      components = yield* editor.readByte()
    }
    if (!isInScan) continue
    // A first scan of luminance alone would be a grey picture.
    if (isFirst && (yield* editor.readByte()) !== components) return false
    isFirst = false
  }
  return true
}

const startsJpeg = (bytes: Buffer): boolean => bytes[0] === 0xff && bytes[1] === SOI
