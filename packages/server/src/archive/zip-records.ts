/*
 * The records of a zip archive, as PKWARE's APPNOTE.TXT 6.3.10 has them. All files are stored, with their lengths and
 * sums in front of them, so that a reader may begin with the first byte. Names are UTF-8.
 */

const LOCAL_HEADER = 0x04034b50
const CENTRAL_RECORD = 0x02014b50
const END_OF_DIRECTORY = 0x06054b50
const ZIP64_END_OF_DIRECTORY = 0x06064b50
const ZIP64_LOCATOR = 0x07064b50

const LOCAL_HEADER_BYTES = 30
const CENTRAL_RECORD_BYTES = 46
const END_OF_DIRECTORY_BYTES = 22
const ZIP64_END_BYTES = 56
const ZIP64_LOCATOR_BYTES = 20

/** The largest numbers of the classic fields are marks: "see the Zip64 fields" (section 4.4.1.4). */
const ZIP64_MARK_32 = 0xffffffff
const ZIP64_MARK_16 = 0xffff
const ZIP64_VERSION = 0x2d
const PLAIN_VERSION = 0x14
/** Made on Unix, so that readers take the permissions below. */
const MADE_BY = 0x032d
const NAMES_ARE_UTF8 = 0x0800
const STORED = 0x0000
/** A regular file that its owner writes and everybody reads. */
const ATTRIBUTES = 0o100644 * 2 ** 16

const EXTRA_HEADER_BYTES = 4
const ZIP64_EXTRA = 0x0001
const TIMESTAMP_EXTRA = 0x5455
/** The flag says that the time of the last change follows. */
const TIMESTAMP_EXTRA_BYTES = EXTRA_HEADER_BYTES + 5
const MAX_TIMESTAMP_S = 0x7fffffff
/** The first and the last year that DOS knows. */
const DOS_YEARS = [1980, 2107] as const

/** One stored file. */
export interface ZipFile {
  readonly name: Buffer
  readonly bytes: number
  readonly crc: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

/** The place of the central directory, and the number of its records. */
interface Directory {
  readonly count: number
  readonly offset: number
  readonly bytes: number
}

const isLarge = (bytes: number): boolean => bytes >= ZIP64_MARK_32

/** Returns the length of the header before a file. */
export const localHeaderBytes = (name: Buffer, bytes: number): number =>
  LOCAL_HEADER_BYTES + name.length + TIMESTAMP_EXTRA_BYTES + zip64Bytes(sizesOf(bytes))

/** Returns the length of a file's record in the central directory. */
export const centralRecordBytes = (name: Buffer, bytes: number, offset: number): number =>
  CENTRAL_RECORD_BYTES + name.length + TIMESTAMP_EXTRA_BYTES + zip64Bytes(placeOf(bytes, offset))

/** Returns the length of what follows the central directory. */
export const endOfArchiveBytes = (directory: Directory): number =>
  END_OF_DIRECTORY_BYTES + (needsZip64(directory) ? ZIP64_END_BYTES + ZIP64_LOCATOR_BYTES : 0)

/** Makes the header before a file. */
export function localHeader({ name, bytes, crc, modifiedAt }: ZipFile): Buffer {
  const zip64 = sizesOf(bytes)
  const header = Buffer.alloc(LOCAL_HEADER_BYTES)
  header.writeUInt32LE(LOCAL_HEADER, 0)
  header.writeUInt16LE(isLarge(bytes) ? ZIP64_VERSION : PLAIN_VERSION, 4)
  writeFacts(header, 6, { bytes, crc, modifiedAt })
  header.writeUInt16LE(name.length, 26)
  header.writeUInt16LE(TIMESTAMP_EXTRA_BYTES + zip64Bytes(zip64), 28)
  return Buffer.concat([header, name, timestampExtra(modifiedAt), zip64Extra(zip64)])
}

/** Makes a file's record in the central directory. */
export function centralRecord({ name, bytes, crc, modifiedAt }: ZipFile, offset: number): Buffer {
  const zip64 = placeOf(bytes, offset)
  const record = Buffer.alloc(CENTRAL_RECORD_BYTES)
  record.writeUInt32LE(CENTRAL_RECORD, 0)
  record.writeUInt16LE(MADE_BY, 4)
  record.writeUInt16LE(zip64.length > 0 ? ZIP64_VERSION : PLAIN_VERSION, 6)
  writeFacts(record, 8, { bytes, crc, modifiedAt })
  record.writeUInt16LE(name.length, 28)
  record.writeUInt16LE(TIMESTAMP_EXTRA_BYTES + zip64Bytes(zip64), 30)
  record.writeUInt32LE(ATTRIBUTES, 38)
  record.writeUInt32LE(Math.min(offset, ZIP64_MARK_32), 42)
  return Buffer.concat([record, name, timestampExtra(modifiedAt), zip64Extra(zip64)])
}

/** Makes what follows the central directory. */
export function endOfArchive(directory: Directory): Buffer {
  const { count, offset, bytes } = directory
  const end = Buffer.alloc(END_OF_DIRECTORY_BYTES)
  end.writeUInt32LE(END_OF_DIRECTORY, 0)
  end.writeUInt16LE(Math.min(count, ZIP64_MARK_16), 8)
  end.writeUInt16LE(Math.min(count, ZIP64_MARK_16), 10)
  end.writeUInt32LE(Math.min(bytes, ZIP64_MARK_32), 12)
  end.writeUInt32LE(Math.min(offset, ZIP64_MARK_32), 16)
  if (!needsZip64(directory)) return end
  const zip64 = Buffer.alloc(ZIP64_END_BYTES)
  zip64.writeUInt32LE(ZIP64_END_OF_DIRECTORY, 0)
  // The length counts from behind itself.
  writeUInt64LE(zip64, ZIP64_END_BYTES - 12, 4)
  zip64.writeUInt16LE(MADE_BY, 12)
  zip64.writeUInt16LE(ZIP64_VERSION, 14)
  writeUInt64LE(zip64, count, 24)
  writeUInt64LE(zip64, count, 32)
  writeUInt64LE(zip64, bytes, 40)
  writeUInt64LE(zip64, offset, 48)
  const locator = Buffer.alloc(ZIP64_LOCATOR_BYTES)
  locator.writeUInt32LE(ZIP64_LOCATOR, 0)
  writeUInt64LE(locator, offset + bytes, 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([zip64, locator, end])
}

/** Writes the fields that a header and a record have in common, from the flags to the lengths. */
function writeFacts(
  target: Buffer,
  at: number,
  { bytes, crc, modifiedAt }: Omit<ZipFile, 'name'>,
): void {
  const { date, time } = dosTime(modifiedAt)
  const size = Math.min(bytes, ZIP64_MARK_32)
  target.writeUInt16LE(NAMES_ARE_UTF8, at)
  target.writeUInt16LE(STORED, at + 2)
  target.writeUInt16LE(time, at + 4)
  target.writeUInt16LE(date, at + 6)
  target.writeUInt32LE(crc, at + 8)
  target.writeUInt32LE(size, at + 12)
  target.writeUInt32LE(size, at + 16)
}

/** Returns the fields of a header that need 64 bits: a large file's length, before and after packing. */
const sizesOf = (bytes: number): number[] => (isLarge(bytes) ? [bytes, bytes] : [])

/** Returns those of a record, which has the place of the file's header too. */
const placeOf = (bytes: number, offset: number): number[] =>
  isLarge(offset) ? [...sizesOf(bytes), offset] : sizesOf(bytes)

const zip64Bytes = ({ length }: readonly number[]): number =>
  length === 0 ? 0 : EXTRA_HEADER_BYTES + 8 * length

const needsZip64 = ({ count, offset, bytes }: Directory): boolean =>
  count >= ZIP64_MARK_16 || isLarge(offset) || isLarge(bytes)

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(zip64Bytes(values))
  if (values.length === 0) return extra
  extra.writeUInt16LE(ZIP64_EXTRA, 0)
  extra.writeUInt16LE(8 * values.length, 2)
  values.forEach((value, i) => writeUInt64LE(extra, value, EXTRA_HEADER_BYTES + 8 * i))
  return extra
}

/** Makes the field with the time in UTC, since a zip's own times have no zone. */
function timestampExtra(modifiedAt: number): Buffer {
  const extra = Buffer.alloc(TIMESTAMP_EXTRA_BYTES)
  extra.writeUInt16LE(TIMESTAMP_EXTRA, 0)
  extra.writeUInt16LE(TIMESTAMP_EXTRA_BYTES - EXTRA_HEADER_BYTES, 2)
  extra.writeUInt8(1, 4)
  const seconds = Math.floor(modifiedAt / 1_000)
  extra.writeInt32LE(Math.max(0, Math.min(seconds, MAX_TIMESTAMP_S)), 5)
  return extra
}

/** Returns a time as DOS has it, in steps of two seconds. */
function dosTime(modifiedAt: number): { date: number; time: number } {
  const at = new Date(modifiedAt)
  const year = at.getUTCFullYear()
  const [first, last] = DOS_YEARS
  if (!(year >= first)) return { date: (1 << 5) | 1, time: 0 }
  const years = Math.min(year, last) - first
  return {
    date: (years << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate(),
    time: (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1),
  }
}

const writeUInt64LE = (target: Buffer, value: number, at: number): number =>
  target.writeBigUInt64LE(BigInt(value), at)
