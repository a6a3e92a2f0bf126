import type { FileHandle } from 'node:fs/promises'
import { BoundedReader, EditPlan, MalformedFileError } from './edit-plan.ts'

/** Directories of a file, and strips or tiles of one page. */
const [MAX_DIRECTORY_COUNT, MAX_PIECE_COUNT] = [1_000, 100_000]
/** Bytes of a value, by its type. TIFF 6.0 section 2. Text has none: no pixel depends on it. */
const VALUE_BYTES = [0, 1, 0, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4]
const [SUBFILE_TYPE, STRIP_OFFSETS, STRIP_BYTE_COUNTS, TILE_OFFSETS, TILE_BYTE_COUNTS] = [
  254, 273, 279, 324, 325,
]
const [JPEG_OFFSET, JPEG_LENGTH] = [513, 514]
/**
 * Fields that stay: those that decode pixels, orientation and colour profile. TIFF 6.0, its technical notes 1
 * and 2, and ICC.1 annex B.
 */
export const KEPT_TAGS = new Set(
  [
    '254 255 256 257 258 259 262 263 266 273 274 277 278 279 280 281 282 283 284 290 291 292 293 296',
    '301 317 318 319 320 321 322 323 324 325 332 334 336 338 339 340 341 342 347',
    '512 513 514 515 517 518 519 520 521 529 530 531 532 34675',
  ].flatMap((line) => line.split(' ').map(Number)),
)
/** Flag of SUBFILE: a smaller version of another picture in the file. */
const IS_REDUCED = 0x1

interface Field {
  readonly tag: number
  /** The directory entry, 12 bytes. */
  readonly entry: Buffer
  readonly type: number
  readonly count: number
}

interface Page {
  /** Position of its directory. */
  readonly at: number
  readonly fields: readonly Field[]
}

/**
 * Plans the scrubbing of a TIFF. Its pages stay, except smaller versions of others; each keeps the fields
 * above. Rejects with `MalformedFileError`.
 */
export function planTiff(file: FileHandle): Promise<EditPlan> {
  return new TiffPlanner(file).plan()
}

class TiffPlanner {
  readonly #reader: BoundedReader
  readonly #plan = new EditPlan()
  #isLittle = false

  constructor(file: FileHandle) {
    this.#reader = new BoundedReader(file)
  }

  async plan(): Promise<EditPlan> {
    const header = await this.#reader.read(0, 8)
    this.#isLittle = header.toString('latin1', 0, 2) === 'II'
    if (this.#u16(header, 2) !== 42) throw new MalformedFileError()
    this.#plan.keep(0, 8)
    const pages: Page[] = []
    let directories = 0
    for (let at = this.#u32(header, 4); at !== 0; directories++) {
      if (directories === MAX_DIRECTORY_COUNT) throw new MalformedFileError()
      const { fields, next } = await this.#readDirectory(at)
      const subfile = fields.find(({ tag }) => tag === SUBFILE_TYPE)
      const isReduced = subfile && this.#numberOf(subfile.entry, subfile.type, 8) & IS_REDUCED
      if (pages.length === 0 || !isReduced) pages.push({ at, fields })
      at = next
    }
    for (const [i, page] of pages.entries()) await this.#keepPage(page, pages[i + 1]?.at ?? 0)
    return this.#plan
  }

  async #readDirectory(at: number): Promise<{ fields: Field[]; next: number }> {
    const length = this.#u16(await this.#reader.read(at, 2), 0) * 12
    const bytes = await this.#reader.read(at + 2, length + 4)
    const fields: Field[] = []
    for (let i = 0; i < length; i += 12) {
      const entry = bytes.subarray(i, i + 12)
      const [tag, type, count] = [this.#u16(entry, 0), this.#u16(entry, 2), this.#u32(entry, 4)]
      if (KEPT_TAGS.has(tag) && VALUE_BYTES[type]) fields.push({ tag, entry, type, count })
    }
    return { fields, next: this.#u32(bytes, length) }
  }

  /** Keeps a page's fields and the data that they point to. Closes the gaps between the fields. */
  async #keepPage({ at, fields }: Page, next: number): Promise<void> {
    const directory = Buffer.alloc(2 + fields.length * 12 + 4)
    this.#write(directory, fields.length, 0, 2)
    fields.forEach(({ entry }, i) => entry.copy(directory, 2 + i * 12))
    this.#write(directory, next, directory.length - 4, 4)
    this.#plan.keep(at, at + directory.length)
    this.#plan.overwrite(at, directory)
    for (const { entry, type, count } of fields) {
      const length = count * VALUE_BYTES[type]!
      const start = this.#u32(entry, 8)
      if (length > 4) this.#plan.keep(start, start + length)
    }
    await this.#keepData(fields, STRIP_OFFSETS, STRIP_BYTE_COUNTS)
    await this.#keepData(fields, TILE_OFFSETS, TILE_BYTE_COUNTS)
    await this.#keepData(fields, JPEG_OFFSET, JPEG_LENGTH)
  }

  async #keepData(fields: readonly Field[], starts: number, lengths: number): Promise<void> {
    const from = await this.#readNumbers(fields, starts)
    const bytes = await this.#readNumbers(fields, lengths)
    from.forEach((start, i) => this.#plan.keep(start, start + (bytes[i] ?? 0)))
  }

  async #readNumbers(fields: readonly Field[], tag: number): Promise<number[]> {
    const field = fields.find((each) => each.tag === tag)
    if (!field) return []
    const { entry, type, count } = field
    if (count > MAX_PIECE_COUNT) throw new MalformedFileError()
    const size = VALUE_BYTES[type]!
    const values =
      count * size > 4
        ? await this.#reader.read(this.#u32(entry, 8), count * size)
        : entry.subarray(8)
    return Array.from({ length: count }, (_, i) => this.#numberOf(values, type, i * size))
  }

  #numberOf(bytes: Buffer, type: number, at: number): number {
    if (type === 3) return this.#u16(bytes, at)
    return type === 4 ? this.#u32(bytes, at) : 0
  }

  #u16 = (bytes: Buffer, at: number): number =>
    this.#isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
  #u32 = (bytes: Buffer, at: number): number =>
    this.#isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  #write = (bytes: Buffer, value: number, at: number, length: number): number =>
    this.#isLittle ? bytes.writeUIntLE(value, at, length) : bytes.writeUIntBE(value, at, length)
}
