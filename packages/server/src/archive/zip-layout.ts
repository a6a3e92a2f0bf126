import type { ByteRange } from '../byte-range.ts'
import {
  centralRecord,
  centralRecordBytes,
  endOfArchive,
  endOfArchiveBytes,
  localHeader,
  localHeaderBytes,
} from './zip-records.ts'

/** One file of an archive. */
export interface ZipEntry {
  /** Its path in the archive. */
  readonly path: string
  /** Bytes of the file. */
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

/** A part of an archive: bytes of one file, or a record about one file, or about all. */
export type ZipPart =
  | { readonly kind: 'file'; readonly index: number; readonly range: ByteRange }
  | { readonly kind: 'header' | 'record'; readonly index: number; readonly range: ByteRange }
  | { readonly kind: 'end'; readonly range: ByteRange }

/**
 * The places of all bytes in a zip of stored files. They follow from the files' paths and lengths alone. So an
 * archive's length is known, and any range of it found, before a byte is read.
 */
export class ZipLayout {
  readonly #entries: readonly ZipEntry[]
  readonly #paths: readonly Buffer[]
  /** By file, where its header begins; one more for the end of the last file. */
  readonly #offsets: Float64Array
  /** By file, where its record in the central directory begins; one more for the end of the directory. */
  readonly #records: Float64Array

  constructor(entries: readonly ZipEntry[]) {
    this.#entries = entries
    this.#paths = entries.map(({ path }) => Buffer.from(path))
    this.#offsets = new Float64Array(entries.length + 1)
    this.#records = new Float64Array(entries.length + 1)
    entries.forEach(({ bytes }, i) => {
      const header = localHeaderBytes(this.#paths[i]!, bytes)
      this.#offsets[i + 1] = this.#offsets[i]! + header + bytes
    })
    this.#records[0] = this.#offsets[entries.length]!
    entries.forEach(({ bytes }, i) => {
      const record = centralRecordBytes(this.#paths[i]!, bytes, this.#offsets[i]!)
      this.#records[i + 1] = this.#records[i]! + record
    })
  }

  /** The length of the whole archive. */
  get bytes(): number {
    return this.#directoryEnd + endOfArchiveBytes(this.#directory)
  }

  /** Lists the parts that a range of the archive is made of, in order. */
  *parts({ start, end }: ByteRange): Generator<ZipPart> {
    const count = this.#entries.length
    for (let i = indexAt(this.#offsets, start); i < count; i++) {
      const at = this.#offsets[i]!
      if (at >= end) return
      const dataAt = at + localHeaderBytes(this.#paths[i]!, this.#entries[i]!.bytes)
      const header = within({ start, end }, at, dataAt)
      if (header) yield { kind: 'header', index: i, range: header }
      const file = within({ start, end }, dataAt, this.#offsets[i + 1]!)
      if (file) yield { kind: 'file', index: i, range: file }
    }
    for (let i = indexAt(this.#records, start); i < count; i++) {
      const range = within({ start, end }, this.#records[i]!, this.#records[i + 1]!)
      if (range) yield { kind: 'record', index: i, range }
      else if (this.#records[i]! >= end) return
    }
    const range = within({ start, end }, this.#directoryEnd, this.bytes)
    if (range) yield { kind: 'end', range }
  }

  /** Makes the header before a file. */
  header(index: number, crc: number): Buffer {
    return localHeader({ ...this.#entries[index]!, name: this.#paths[index]!, crc })
  }

  /** Makes a file's record in the central directory. */
  record(index: number, crc: number): Buffer {
    const offset = this.#offsets[index]!
    return centralRecord({ ...this.#entries[index]!, name: this.#paths[index]!, crc }, offset)
  }

  /** Makes the end of the archive. */
  end(): Buffer {
    return endOfArchive(this.#directory)
  }

  get #directoryEnd(): number {
    return this.#records[this.#entries.length]!
  }

  get #directory(): { count: number; offset: number; bytes: number } {
    const offset = this.#records[0]!
    return { count: this.#entries.length, offset, bytes: this.#directoryEnd - offset }
  }
}

/** Returns the overlap of a range with a part that lies from `start` to `end`, counted from that part's start. */
function within(range: ByteRange, start: number, end: number): ByteRange | null {
  const from = Math.max(range.start, start)
  const to = Math.min(range.end, end)
  return from < to ? { start: from - start, end: to - start } : null
}

/** Finds the last of some ascending places that is at or before `place`; 0 if all are behind it. */
function indexAt(places: Float64Array, place: number): number {
  let low = 0
  let high = places.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (places[middle]! <= place) low = middle
    else high = middle - 1
  }
  return low
}
