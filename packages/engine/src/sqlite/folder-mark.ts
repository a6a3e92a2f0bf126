import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { systemErrorCode } from '../files/system-errors.ts'

/** The longest time for which a mark that was written isn't on the disk. */
const SYNC_INTERVAL_MS = 10_000

/** The state of a database as its folder has seen it. */
export interface Mark {
  /** The id of the database. */
  readonly id: string
  /** The number of writes that it has committed. */
  readonly n: number
  /** The number of writes that were in its main file, without the WAL, at the last checkpoint. */
  readonly base: number
}

const pathIn = (folder: string): string => join(folder, 'wirephoto.mark')

/** Reads a folder's mark. Null if it has none, `unreadable` if there is one that doesn't hold together. */
export function readMark(folder: string): Mark | 'unreadable' | null {
  let line: string
  try {
    line = readFileSync(pathIn(folder), 'latin1')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return null
    throw error
  }
  const [, text, id, n, base, sum] =
    /^(([0-9a-f]{16}) (\d{16}) (\d{16})) ([0-9a-f]{8})\n$/.exec(line) ?? []
  if (!text || sumOf(text) !== sum) return 'unreadable'
  return { id: id!, n: Number(n), base: Number(base) }
}

/** Names the loss of a database against its folder's mark, so that the operator accepts this loss and no other. */
export const lossCode = (...what: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 8)

/**
 * The mark that a folder keeps of its database, in a file of one short line.
 *
 * @remarks It is written after each commit, so that it is exact when the process is killed. It reaches the disk
 * later than the commit, since a mark that is too low raises no false alarm.
 */
export class FolderMark {
  readonly #fd: number
  #mark: Mark | null = null
  #isDirty = false
  #isSyncing = false
  #isClosed = false
  readonly #timer: NodeJS.Timeout

  /** Opens a folder's mark for writing. */
  constructor(folder: string) {
    this.#fd = openSync(pathIn(folder), constants.O_RDWR | constants.O_CREAT, 0o600)
    this.#timer = setInterval(() => this.#sync(), SYNC_INTERVAL_MS).unref()
  }

  write(mark: Mark): void {
    this.#mark = mark
    const text = `${mark.id} ${digits(mark.n)} ${digits(mark.base)}`
    writeSync(this.#fd, `${text} ${sumOf(text)}\n`, 0, 'latin1')
    this.#isDirty = true
  }

  /** Notes that the main file has everything up to the last write. */
  noteCheckpoint(n: number): void {
    if (this.#mark) this.write({ ...this.#mark, base: n })
  }

  /** Makes the mark durable and closes its file. */
  close(): void {
    clearInterval(this.#timer)
    this.#isClosed = true
    fdatasyncSync(this.#fd)
    if (!this.#isSyncing) closeSync(this.#fd)
  }

  #sync(): void {
    if (!this.#isDirty || this.#isSyncing) return
    this.#isDirty = false
    this.#isSyncing = true
    // A mark that can't be synced is as old as its disk; the next commit writes it again.
    fdatasync(this.#fd, () => {
      this.#isSyncing = false
      if (this.#isClosed) closeSync(this.#fd)
    })
  }
}

const digits = (number: number): string => String(number).padStart(16, '0')
const sumOf = (text: string): string => crc32(text).toString(16).padStart(8, '0')
