import { scrubExif } from './exif.ts'
import type { Scrubbing, StreamEditor } from './stream-editor.ts'

/** Chunks that stay, and the most that they hold. PNG third edition sections 11.2 and 11.3. */
const KEPT = new Map([
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
const KNOWN = [...KEPT.keys(), 'eXIf', 'iCCP']
/** Names of colour profiles that tell nothing. */
const PROFILES = ['icc', 'ICC profile', 'ICC Profile', 'Photoshop ICC profile']

/**
 * What makes pixels stays, with the orientation and the colour profile. Every other chunk, texts and times
 * among them, becomes a private one of zeros: `tEXt` is `teXt` then, which readers pass over.
 */
export function* scrubPng(editor: StreamEditor): Scrubbing {
  yield* editor.keep(8)
  for (;;) {
    const length = yield* editor.readUint(4)
    if (length > 0x7fffffff) return
    editor.startCrc()
    const type = yield* chunkType(editor)
    if (type === null) return
    const end = editor.position + length
    if (length <= (KEPT.get(type) ?? -1)) yield* editor.keep(length + 4)
    else {
      if (type === 'eXIf') yield* scrubExif(editor, end)
      if (type === 'iCCP' && (yield* scrubName(editor, end))) yield* editor.keepTo(end)
      yield* editor.wipeTo(end)
      yield* editor.overwriteCrc()
    }
    if (type === 'IEND') return
  }
}

/** The type, as it is from now on; null when it is none. */
function* chunkType(editor: StreamEditor): Scrubbing<string | null> {
  let type = ''
  for (let i = 0; i < 4; i++) {
    const letter = String.fromCharCode(yield* editor.readByte())
    if (!/[A-Za-z]/.test(letter)) {
      editor.replaceLast(0)
      return null
    }
    const next = type + letter
    const isKnown = i !== 1 || KNOWN.some((known) => known.startsWith(next))
    type = isKnown ? next : type + letter.toLowerCase()
    // Section 5.4: a small second letter makes it private.
    editor.replaceLast(type.charCodeAt(i))
  }
  return type
}

/** The name of a profile, up to its end; false when it has none. */
function* scrubName(editor: StreamEditor, end: number): Scrubbing<boolean> {
  const last = Math.min(end, editor.position + 80)
  let name = ''
  while (editor.position < last) {
    const byte = yield* editor.readByte()
    if (byte === 0) return true
    name += String.fromCharCode(byte)
    if (!PROFILES.some((known) => known.startsWith(name))) editor.replaceLast(0x78)
  }
  return false
}
