import type { FileHandle } from 'node:fs/promises'
import { EOI, isFrameHeader, JpegSegments, SOS } from '../metadata/jpeg-segments.ts'
import { StreamEditor } from '../metadata/stream-editor.ts'

/** A JPEG within another file. */
export interface JpegInside {
  /** Position of its first byte, and behind its last one. */
  readonly start: number
  readonly end: number
  /** Pixels. */
  readonly width: number
  readonly height: number
  /** Whether it says itself how it is turned. */
  readonly hasOrientation: boolean
}

type Candidate = Omit<JpegInside, 'end'>

/** Bytes that begin a JPEG: SOI, and a marker's first byte. */
const START = Buffer.from([0xff, 0xd8, 0xff])
const CHUNK_BYTES = 1_048_576
/** Places of a file that are looked at. A raw file's data has some that only begin like a JPEG. */
const MAX_CANDIDATE_COUNT = 500
/** Largest candidates whose end is looked for. */
const MAX_TRIED_COUNT = 4
/** Segments and bytes before a frame header. */
const [MAX_SEGMENT_COUNT, MAX_HEADER_BYTES] = [100, 4_194_304]
/** Frame headers that browsers decode: baseline, extended and progressive. ITU T.81 table B.1. */
const SHOWN_FRAMES = [0xc0, 0xc1, 0xc2]
const APP1 = 0xe1
const ORIENTATION = 0x0112

/** Finds the largest whole JPEG in a file; null if there is none. */
export async function largestJpeg(file: FileHandle): Promise<JpegInside | null> {
  const candidates: Candidate[] = []
  let looked = 0
  for await (const start of startsIn(file)) {
    if (++looked > MAX_CANDIDATE_COUNT) break
    const found = await readHeader(file, start)
    if (found) candidates.push(found)
  }
  const largestFirst = candidates.sort((a, b) => b.width * b.height - a.width * a.height)
  for (const candidate of largestFirst.slice(0, MAX_TRIED_COUNT)) {
    const end = await endOf(file, candidate.start)
    if (end !== null) return { ...candidate, end }
  }
  return null
}

/** Yields the positions at which a JPEG may begin. */
async function* startsIn(file: FileHandle): AsyncGenerator<number> {
  const bytes = Buffer.alloc(CHUNK_BYTES)
  const overlap = START.length - 1
  for (let position = 0; ; position += CHUNK_BYTES - overlap) {
    const { bytesRead } = await file.read(bytes, 0, CHUNK_BYTES, position)
    const chunk = bytes.subarray(0, bytesRead)
    for (let at = chunk.indexOf(START); at >= 0; at = chunk.indexOf(START, at + 1))
      yield position + at
    if (bytesRead < CHUNK_BYTES) return
  }
}

/** Reads a JPEG's frame header; null if it isn't one that browsers decode. */
async function readHeader(file: FileHandle, start: number): Promise<Candidate | null> {
  const head = Buffer.alloc(10)
  let hasOrientation = false
  let at = start + 2
  for (let i = 0; i < MAX_SEGMENT_COUNT && at - start < MAX_HEADER_BYTES; i++) {
    const { bytesRead } = await file.read(head, 0, head.length, at)
    if (bytesRead < head.length || head[0] !== 0xff) return null
    const [marker, length] = [head[1]!, head.readUInt16BE(2)]
    if (marker < 0xc0 || length < 2) return null
    if (isFrameHeader(marker)) {
      // Eight bits a sample.
      if (!SHOWN_FRAMES.includes(marker) || head[4] !== 8) return null
      const [height, width] = [head.readUInt16BE(5), head.readUInt16BE(7)]
      return width > 0 && height > 0 ? { start, width, height, hasOrientation } : null
    }
    if (marker === SOS || marker === EOI) return null
    if (marker === APP1) {
      const segment = Buffer.alloc(length - 2)
      await file.read(segment, 0, segment.length, at + 4)
      hasOrientation ||= saysOrientation(segment)
    }
    at += 2 + length
  }
  return null
}

/** Returns whether EXIF has an orientation in its first directory. EXIF 2.32 section 4.6.2. */
function saysOrientation(segment: Buffer): boolean {
  const order = /^Exif\0\0(II\*\0|MM\0\*)/.exec(segment.toString('latin1', 0, 10))?.[1]
  if (!order || segment.length < 14) return false
  const tiff = segment.subarray(6)
  const u16 = (at: number) => (order === 'II*\0' ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const at = order === 'II*\0' ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (at + 2 > tiff.length) return false
  const end = Math.min(at + 2 + u16(at) * 12, tiff.length - 11)
  for (let entry = at + 2; entry < end; entry += 12)
    if (u16(entry) === ORIENTATION && u16(entry + 8) + u16(entry + 10) > 0) return true
  return false
}

/** Returns the position behind a JPEG; null if it is cut off. */
async function endOf(file: FileHandle, start: number): Promise<number | null> {
  const editor = new StreamEditor()
  const reading = readToEnd(editor)
  for (let position = start; ; position += CHUNK_BYTES) {
    const { bytesRead, buffer } = await file.read(
      Buffer.alloc(CHUNK_BYTES),
      0,
      CHUNK_BYTES,
      position,
    )
    editor.load(buffer.subarray(0, bytesRead))
    const { done, value } = reading.next()
    if (done) return value === null ? null : start + value
    if (bytesRead < CHUNK_BYTES) return null
  }
}

function* readToEnd(editor: StreamEditor): Generator<undefined, number | null, undefined> {
  const segments = new JpegSegments(editor)
  for (let segment = yield* segments.next(); segment; segment = yield* segments.next())
    if (segment.marker === EOI) return segment.end
  return null
}
