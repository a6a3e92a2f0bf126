import { type BoundedReader, MalformedFileError } from './edit-plan.ts'

/** Directories of a file, values of a field, and levels of directories within directories. */
const [MAX_DIRECTORY_COUNT, MAX_VALUE_COUNT, MAX_LEVEL_COUNT] = [1_000, 100_000, 4]
/** Number behind the byte order. TIFF 6.0 section 2. */
const TIFF_VERSION = 42
/** Bytes of a value, by its type. TIFF 6.0 section 2. Text has none: no pixel depends on it. */
const VALUE_BYTES = [0, 1, 0, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4]
const [SHORT, LONG, IFD] = [3, 4, 13]

/** Tags that say where the pictures are and what they are. TIFF 6.0, its technical notes 1 and 2, and DNG. */
export const TAG = {
  subfileType: 254,
  width: 256,
  height: 257,
  compression: 259,
  photometric: 262,
  make: 271,
  stripOffsets: 273,
  orientation: 274,
  stripLengths: 279,
  tileOffsets: 324,
  tileLengths: 325,
  subDirectories: 330,
  jpegTables: 347,
  jpegOffset: 513,
  jpegLength: 514,
  dngVersion: 50_706,
} as const
/** Flags of a directory's picture: a smaller version of another one, and a mask. */
const [IS_REDUCED, IS_MASK] = [0x1, 0x4]
/** Photometric interpretations of a sensor's values: TIFF/EP, and DNG's linear ones. */
const SENSOR_PHOTOMETRICS = [32_803, 34_892]
/** Compressions that only makers of cameras have: Nikon, Sony, Pentax, Samsung, Panasonic, Kodak. */
const SENSOR_COMPRESSIONS = [34_713, 32_767, 65_535, 32_770, 34_316, 32_867, 65_000]

export interface TiffField {
  readonly tag: number
  /** The directory entry, 12 bytes. */
  readonly entry: Buffer
  readonly type: number
  readonly count: number
  /** Bytes of the value; 0 for text and for unknown types. */
  readonly length: number
}

/** Bytes that are read by their position. */
export type TiffSource = Pick<BoundedReader, 'read'>

/** A directory, and those that its field of sub-directories names. */
export interface TiffDirectory {
  /** Position in the file. */
  readonly at: number
  readonly fields: readonly TiffField[]
  readonly children: readonly TiffDirectory[]
}

/** Reads the directories of a TIFF, whatever their order in the file is. */
export class TiffDirectories {
  readonly isLittle: boolean
  readonly #reader: TiffSource
  readonly #seen = new Set<number>()

  private constructor(reader: TiffSource, isLittle: boolean) {
    this.#reader = reader
    this.isLittle = isLittle
  }

  /**
   * Reads the header and every directory. `versions` are the numbers that may stand behind the byte order.
   * Rejects with `MalformedFileError`.
   */
  static async read(
    reader: TiffSource,
    versions: readonly number[] = [TIFF_VERSION],
  ): Promise<{ directories: TiffDirectories; pages: TiffDirectory[]; version: number }> {
    const header = await reader.read(0, 8)
    const directories = new TiffDirectories(reader, header.toString('latin1', 0, 2) === 'II')
    const version = directories.u16(header, 2)
    if (!versions.includes(version)) throw new MalformedFileError()
    return { directories, version, pages: await directories.#readChain(directories.u32(header, 4)) }
  }

  async #readChain(first: number): Promise<TiffDirectory[]> {
    const pages: TiffDirectory[] = []
    for (let at = first; at !== 0; ) {
      if (this.#seen.has(at)) throw new MalformedFileError()
      const { directory, next } = await this.#readDirectory(at, 0)
      pages.push(directory)
      at = next
    }
    return pages
  }

  async #readDirectory(
    at: number,
    level: number,
  ): Promise<{ directory: TiffDirectory; next: number }> {
    this.#seen.add(at)
    if (this.#seen.size > MAX_DIRECTORY_COUNT || level > MAX_LEVEL_COUNT)
      throw new MalformedFileError()
    const length = this.u16(await this.#reader.read(at, 2), 0) * 12
    const bytes = await this.#reader.read(at + 2, length + 4)
    const fields: TiffField[] = []
    for (let i = 0; i < length; i += 12) {
      const entry = bytes.subarray(i, i + 12)
      const [tag, type, count] = [this.u16(entry, 0), this.u16(entry, 2), this.u32(entry, 4)]
      fields.push({ tag, entry, type, count, length: count * (VALUE_BYTES[type] ?? 0) })
    }
    const children: TiffDirectory[] = []
    for (const child of await this.numbers({ fields }, TAG.subDirectories))
      if (child !== 0 && !this.#seen.has(child))
        children.push((await this.#readDirectory(child, level + 1)).directory)
    return { directory: { at, fields, children }, next: this.u32(bytes, length) }
  }

  /** Reads a directory that a field names. */
  async directoryAt(at: number): Promise<TiffDirectory> {
    return (await this.#readDirectory(at, 0)).directory
  }

  /** Returns a field's numbers; none without the field. */
  async numbers(
    { fields }: Pick<TiffDirectory, 'fields'>,
    tag: number,
  ): Promise<readonly number[]> {
    const field = fields.find((each) => each.tag === tag)
    if (!field) return []
    const { entry, type, count, length } = field
    if (count > MAX_VALUE_COUNT) throw new MalformedFileError()
    const values =
      length > 4 ? await this.#reader.read(this.u32(entry, 8), length) : entry.subarray(8)
    const size = VALUE_BYTES[type] ?? 0
    return Array.from({ length: count }, (_, i) => {
      if (type === SHORT) return this.u16(values, i * size)
      return type === LONG || type === IFD ? this.u32(values, i * size) : 0
    })
  }

  /** Returns a field's first number; 0 without the field. */
  async number(directory: Pick<TiffDirectory, 'fields'>, tag: number): Promise<number> {
    return (await this.numbers(directory, tag))[0] ?? 0
  }

  u16 = (bytes: Buffer, at: number): number =>
    this.isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)
  u32 = (bytes: Buffer, at: number): number =>
    this.isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
  write = (bytes: Buffer, value: number, at: number, length: number): number =>
    this.isLittle ? bytes.writeUIntLE(value, at, length) : bytes.writeUIntBE(value, at, length)
}

/** A directory's picture, as its fields describe it. */
export interface TiffPicture {
  readonly directory: TiffDirectory
  readonly width: number
  readonly height: number
  readonly isReduced: boolean
  readonly isMask: boolean
  /** Whether it has the values of a camera's sensor. */
  readonly hasSensorValues: boolean
  /** Whether it belongs to a camera's raw file. */
  readonly isRaw: boolean
  /** Whether its fields say where its data is. */
  readonly hasData: boolean
}

export async function pictureOf(
  directories: TiffDirectories,
  directory: TiffDirectory,
): Promise<TiffPicture> {
  const number = (tag: number) => directories.number(directory, tag)
  const has = (...tags: readonly number[]) =>
    tags.every((tag) => directory.fields.some((field) => field.tag === tag))
  const subfile = await number(TAG.subfileType)
  const hasSensorValues =
    SENSOR_PHOTOMETRICS.includes(await number(TAG.photometric)) ||
    SENSOR_COMPRESSIONS.includes(await number(TAG.compression))
  return {
    directory,
    width: await number(TAG.width),
    height: await number(TAG.height),
    isReduced: (subfile & IS_REDUCED) !== 0,
    isMask: (subfile & IS_MASK) !== 0,
    hasSensorValues,
    isRaw: hasSensorValues || has(TAG.dngVersion),
    hasData:
      has(TAG.stripOffsets, TAG.stripLengths) ||
      has(TAG.tileOffsets, TAG.tileLengths) ||
      has(TAG.jpegOffset, TAG.jpegLength),
  }
}

/** Returns a directory and all below it. */
export const withChildren = (directory: TiffDirectory): TiffDirectory[] => [
  directory,
  ...directory.children.flatMap(withChildren),
]
