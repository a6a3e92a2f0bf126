import { scrubExif } from './exif.ts'
import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Chunks that stay, with their greatest length in bytes. PNG third edition sections 11.2 and 11.3. */
export const KEPT_CHUNKS = new Map([
  ['IHDR', 13],
  ['PLTE', 768],
  ['IDAT', Number.POSITIVE_INFINITY],
  ['IEND', 0],
  ['tRNS', 256],
  ['cHRM', 32],
  ['gAMA', 4],
  ['sBIT', 4],
  ['sRGB', 1],
  ['cICP', 4],
  ['mDCV', 24],
  ['cLLI', 8],
  ['bKGD', 6],
  ['hIST', 512],
  ['pHYs', 9],
  ['acTL', 8],
  ['fcTL', 26],
  ['fdAT', Number.POSITIVE_INFINITY],
])
const KNOWN_TYPES = [...KEPT_CHUNKS.keys(), 'eXIf', 'iCCP']
/** Bytes of a chunk, section 5.3, and of a profile's name with its end, section 11.3.2.3. */
const [MAX_CHUNK_BYTES, MAX_NAME_BYTES] = [0x7fffffff, 80]
/** Common names of colour profiles, which identify nobody. */
const PROFILE_NAMES = ['icc', 'ICC profile', 'ICC Profile', 'Photoshop ICC profile']

/**
 * Scrubs a PNG. Pixels, orientation and colour profile stay. Every other chunk, such as a text or a time,
 * becomes a private chunk of zeros: `tEXt` becomes `teXt`, which readers ignore.
 */
export function* scrubPng(editor: StreamEditor): Scrubbing {
  yield* editor.keep(8)
  for (;;) {
    const length = yield* editor.readUint(4)
    if (length > MAX_CHUNK_BYTES) return
    editor.startCrc()
    const type = yield* chunkType(editor)
    if (type === null) return
    const end = editor.position + length
    if (length <= (KEPT_CHUNKS.get(type) ?? -1)) yield* editor.keep(length + 4)
    else {
      if (type === 'eXIf') yield* scrubExif(editor, end)
      if (type === 'iCCP' && (yield* scrubName(editor, end))) yield* editor.keepTo(end)
      yield* editor.wipeTo(end)
      yield* editor.overwriteCrc()
    }
    if (type === 'IEND') return
  }
}

/** Reads a chunk's type and makes it private unless it is known. Returns the new type; null if it isn't one. */
function* chunkType(editor: StreamEditor): Scrubbing<string | null> {
  let type = ''
  for (let i = 0; i < 4; i++) {
    const letter = String.fromCharCode(yield* editor.readByte())
    if (!/[A-Za-z]/.test(letter)) {
      editor.replaceLast(0)
      return null
    }
    const next = type + letter
    const isKnown = i !== 1 || KNOWN_TYPES.some((known) => known.startsWith(next))
    type = isKnown ? next : type + letter.toLowerCase()
    // Section 5.4: a lower-case second letter makes a chunk private.
    editor.replaceLast(type.charCodeAt(i))
  }
  return type
}

/** Reads and scrubs the name of a profile; returns whether it ends. */
function* scrubName(editor: StreamEditor, end: number): Scrubbing<boolean> {
  const last = Math.min(end, editor.position + MAX_NAME_BYTES)
  let name = ''
  while (editor.position < last) {
    const byte = yield* editor.readByte()
    if (byte === 0) return true
    name += String.fromCharCode(byte)
    if (!PROFILE_NAMES.some((known) => known.startsWith(name))) editor.replaceLast(0x78)
  }
  return false
}
