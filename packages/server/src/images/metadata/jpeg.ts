import { scrubExif } from './exif.ts'
import { ISO_GAIN_MAP, readIsoGainMap } from './iso-gain-map.ts'
import { DNL, isFrameHeader, type JpegSegment, JpegSegments, SOS } from './jpeg-segments.ts'
import { gainMapIndex, type LaterPicture } from './mpf.ts'
import type { Scrubbing, StreamEditor } from './stream-editor.ts'
import { type GainMapXmp, gainMapXmp } from './xmp.ts'

const [DHT, DAC, DQT, DRI] = [0xc4, 0xcc, 0xdb, 0xdd]
/** Bytes of DAC's tables, and of DRI. ITU T.81 annex B.2.4. */
const MAX_TABLE_BYTES = new Map([
  [DAC, 32 * 2],
  [DRI, 2],
])
/** Components that libjpeg decodes. */
const MAX_COMPONENT_COUNT = 10
/** Bits of a table's id: class or precision, and number. ITU T.81 annexes B.2.4.1 and B.2.4.2. */
const TABLE_ID_BITS = 0x13
const [APP0, APP1, APP2, APP14, APP15, COM] = [0xe0, 0xe1, 0xe2, 0xee, 0xef, 0xfe]
/** Bytes that stay of JFIF: version, units and densities. The thumbnail's size follows. JFIF 1.02. */
const JFIF_BYTES = 7
/** Bytes that stay of Adobe's segment: version, flags and transform. Adobe TN 5116 section 18. */
const ADOBE_BYTES = 7
/** Name of the XMP that Apple's gain maps have. */
const APPLE_GAIN_MAP = 'http://ns.apple.com/HDRGainMap/'
/** Names of the segments that are held back. XMP part 3 section 1.1.3, and CIPA DC-007 section 5.2. */
const [XMP, MPF] = ['http://ns.adobe.com/xap/1.0/\0', 'MPF\0']

/**
 * Scrubs a JPEG. Frames, tables and scans stay, with density, colour profile, Adobe's colour transform and
 * orientation; a gain map stays too. Every other segment keeps its length only: comments, thumbnails, the rest
 * of XMP, IPTC, maker notes, and further pictures behind the end.
 */
export function* scrubJpeg(editor: StreamEditor): Scrubbing {
  const picture = new JpegPicture(editor)
  yield* picture.scrub()
  const end = editor.position
  const later = picture.location
    ? [...picture.later, { ...picture.location, start: end + picture.location.offset }]
    : picture.later
  for (const { start } of later.toSorted((a, b) => a.start - b.start)) {
    if (start < editor.position) continue
    yield* editor.wipeTo(start)
    if (yield* scrubGainMap(editor)) return
  }
}

/** Scrubs a later picture; returns whether it is a gain map. Any other can't be decoded afterwards. */
function* scrubGainMap(editor: StreamEditor): Scrubbing<boolean> {
  const last = editor.position + 2
  // A byte that disagrees becomes zero, as everything does between pictures.
  if ((yield* editor.match(['\xff\xd8'], last, 0)) === null) return false
  const gainMap = new JpegPicture(editor, true)
  return yield* gainMap.scrub()
}

/** One of the pictures in a JPEG's file. */
class JpegPicture {
  readonly #editor: StreamEditor
  /** Whether it stands behind another picture and is only needed as its gain map. */
  readonly #isLater: boolean
  #isGainMap = false
  /** Pictures that the index names as possible gain maps. */
  later: readonly LaterPicture[] = []
  /** Where the directory has the gain map. */
  location: GainMapXmp['location'] = null

  constructor(editor: StreamEditor, isLater = false) {
    this.#editor = editor
    this.#isLater = isLater
  }

  /** Scrubs up to the picture's end; returns whether it is a gain map. A later picture that isn't ends early. */
  *scrub(): Scrubbing<boolean> {
    const segments = new JpegSegments(this.#editor, this.#isLater)
    for (let segment = yield* segments.next(); segment; segment = yield* segments.next()) {
      const isInHead = segment.marker >= APP0 && segment.marker <= APP15
      if (this.#isLater && !this.#isGainMap && !isInHead && segment.marker !== COM) return false
      yield* this.#scrubSegment(segment)
    }
    return this.#isGainMap
  }

  *#scrubSegment({ marker, end }: JpegSegment): Scrubbing {
    const editor = this.#editor
    if (isFrameHeader(marker)) yield* this.#keepComponents(end, 5, 3, 0)
    if (marker === SOS) yield* this.#keepComponents(end, 0, 2, 3)
    if (marker === DHT || marker === DQT) yield* this.#keepTables(end, marker)
    const longest = MAX_TABLE_BYTES.get(marker)
    if (longest !== undefined) yield* editor.keepTo(Math.min(end, editor.position + longest))
    if (marker === DNL && end - editor.position === 2) yield* editor.keepTo(end)
    if (marker === APP0 && (yield* editor.match(['JFIF\0'], end)))
      yield* editor.keepTo(Math.min(end, editor.position + JFIF_BYTES))
    if (marker === APP1) yield* this.#scrubApp1(end)
    if (marker === APP2) yield* this.#scrubApp2(end)
    if (marker === APP14 && (yield* editor.match(['Adobe'], end)))
      yield* editor.keepTo(Math.min(end, editor.position + ADOBE_BYTES))
    yield* editor.wipeTo(end)
  }

  /** Keeps a header that says how many components it describes; what its length covers besides goes. */
  *#keepComponents(end: number, before: number, each: number, behind: number): Scrubbing {
    const editor = this.#editor
    yield* editor.keepTo(Math.min(end, editor.position + before))
    if (editor.position === end) return
    const count = Math.min(yield* editor.readByte(), MAX_COMPONENT_COUNT)
    yield* editor.keepTo(Math.min(end, editor.position + count * each + behind))
  }

  /** Keeps tables of Huffman codes or of quantisation, as long as they are such. */
  *#keepTables(end: number, marker: number): Scrubbing {
    const editor = this.#editor
    while (editor.position < end) {
      const id = yield* editor.readByte()
      if ((id & ~TABLE_ID_BITS) !== 0) return editor.replaceLast(0xff)
      let bytes = id & 0x10 ? 128 : 64
      if (marker === DHT) {
        bytes = 0
        for (let i = 0; i < 16 && editor.position < end; i++) bytes += yield* editor.readByte()
      }
      yield* editor.keepTo(Math.min(end, editor.position + Math.min(bytes, 256)))
    }
  }

  *#scrubApp1(end: number): Scrubbing {
    const editor = this.#editor
    if ((yield* editor.peek(end)) === XMP.charCodeAt(0))
      yield* editor.hold(end, (bytes) => edit(bytes, XMP, (packet) => this.#editXmp(packet)))
    // EXIF 2.32 section 4.7.2.
    else if (yield* editor.match(['Exif\0\0'], end)) yield* scrubExif(editor, end)
  }

  *#scrubApp2(end: number): Scrubbing {
    const editor = this.#editor
    const first = yield* editor.peek(end)
    const position = editor.position + MPF.length
    if (first === MPF.charCodeAt(0))
      yield* editor.hold(end, (bytes) =>
        edit(bytes, MPF, (index) => this.#editMpf(index, position)),
      )
    else if (first === ISO_GAIN_MAP.charCodeAt(0))
      yield* editor.hold(end, (bytes) => edit(bytes, ISO_GAIN_MAP, (data) => this.#editIso(data)))
    // ICC.1 annex B.4.
    else if (yield* editor.match(['ICC_PROFILE\0'], end)) yield* editor.keepTo(end)
  }

  #editXmp(packet: Buffer): Buffer | null {
    const xmp = gainMapXmp(packet)
    // Its strength is in the maker note, which goes.
    if (this.#isLater && !xmp && packet.includes(APPLE_GAIN_MAP))
      this.#editor.losses.add('gain-map-lost')
    if (xmp?.isGainMap) this.#isGainMap = true
    this.location ??= xmp?.location ?? null
    return xmp && xmp.bytes
  }

  #editMpf(index: Buffer, position: number): Buffer | null {
    // A gain map has no further pictures.
    const found = this.#isLater
      ? null
      : gainMapIndex(index, position, this.location && this.location.length)
    if (found) this.later = found.later
    return found && found.bytes
  }

  #editIso(metadata: Buffer): Buffer | null {
    const found = readIsoGainMap(metadata)
    if (found?.isGainMap) this.#isGainMap = true
    return found && metadata
  }
}

/** Edits what follows a segment's name. Returns null, so that nothing stays, for another name. */
function edit(bytes: Buffer, name: string, body: (bytes: Buffer) => Buffer | null): Buffer | null {
  if (bytes.toString('latin1', 0, name.length) !== name) return null
  const edited = body(bytes.subarray(name.length))
  return edited && Buffer.concat([bytes.subarray(0, name.length), edited])
}
