/** Entries of one directory that are read; cameras write fewer than a hundred. */
const MAX_ENTRY_COUNT = 512
/** More than any make, model or date has. */
const MAX_TEXT_BYTES = 256
/** Bytes of one value of each TIFF type (TIFF 6.0 section 2). */
const TYPE_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4]
const [ASCII, SHORT, LONG] = [2, 3, 4]

/** Pointers to other directories (Exif 2.32 section 4.6.3). */
const [EXIF_POINTER, INTEROPERABILITY_POINTER] = [0x8769, 0xa005]

interface Entry {
  readonly type: number
  readonly count: number
  /** Where the value begins in the TIFF. */
  readonly at: number
}

/** One directory of a TIFF: its values by tag. */
class ExifDirectory {
  readonly #tiff: DataView
  readonly #isLittle: boolean
  readonly #entries = new Map<number, Entry>()
  readonly #end: number

  /** Throws a `RangeError` if the directory leaves its TIFF. */
  constructor(tiff: DataView, at: number, isLittle: boolean) {
    this.#tiff = tiff
    this.#isLittle = isLittle
    const count = tiff.getUint16(at, isLittle)
    if (count > MAX_ENTRY_COUNT) throw new RangeError('too many entries')
    for (let i = 0, entry = at + 2; i < count; i++, entry += 12) {
      const type = tiff.getUint16(entry + 2, isLittle)
      const values = tiff.getUint32(entry + 4, isLittle)
      const isInline = (TYPE_BYTES[type] ?? 1) * values <= 4
      const start = isInline ? entry + 8 : tiff.getUint32(entry + 8, isLittle)
      this.#entries.set(tiff.getUint16(entry, isLittle), { type, count: values, at: start })
    }
    this.#end = at + 2 + count * 12
  }

  /** Where the next directory begins; 0 after the last. */
  get next(): number {
    return this.#tiff.getUint32(this.#end, this.#isLittle)
  }

  has(tag: number): boolean {
    return this.#entries.has(tag)
  }

  /** Returns one unsigned number; undefined where there is none. */
  number(tag: number): number | undefined {
    const entry = this.#entries.get(tag)
    if (entry?.count !== 1) return undefined
    if (entry.type === SHORT) return this.#tiff.getUint16(entry.at, this.#isLittle)
    return entry.type === LONG ? this.#tiff.getUint32(entry.at, this.#isLittle) : undefined
  }

  /** Returns a text without the zeros and spaces at its end; undefined where there is none. */
  text(tag: number): string | undefined {
    const entry = this.#entries.get(tag)
    if (entry?.type !== ASCII || entry.at + entry.count > this.#tiff.byteLength) return undefined
    const bytes = new Uint8Array(this.#tiff.buffer, this.#tiff.byteOffset + entry.at, entry.count)
    return latin1(bytes.subarray(0, MAX_TEXT_BYTES)).replace(/\0.*$/s, '').trim()
  }
}

/** The directories of an Exif segment that say where a picture comes from. */
export interface Exif {
  readonly main: ExifDirectory
  readonly exif: ExifDirectory
  readonly interoperability: ExifDirectory | null
  /** That of the thumbnail. */
  readonly thumbnail: ExifDirectory | null
}

/** Reads an Exif segment's TIFF. Throws a `RangeError` if a directory leaves it. */
export function readExif(tiff: DataView): Exif {
  const isLittle = tiff.getUint16(0) === 0x4949
  const directory = (at: number) => new ExifDirectory(tiff, at, isLittle)
  const main = directory(tiff.getUint32(4, isLittle))
  const exif = directory(main.number(EXIF_POINTER) ?? Number.POSITIVE_INFINITY)
  const pointer = exif.number(INTEROPERABILITY_POINTER)
  return {
    main,
    exif,
    interoperability: pointer ? directory(pointer) : null,
    thumbnail: main.next ? directory(main.next) : null,
  }
}

/** Returns bytes as text, one character each. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
