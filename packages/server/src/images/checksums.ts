import { appendFile, open, rename, stat, writeFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { systemErrorCode } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { inBackground } from '../in-background.ts'

const NAME_BYTES = 32
const SUM_BYTES = 4
/** A sum of the row itself, so that a row that is torn or rotten counts as unknown. */
const CHECK_BYTES = 4
const ROW_BYTES = NAME_BYTES + SUM_BYTES + CHECK_BYTES
/** Rows after which the older half is forgotten, as 40 MB. */
const MAX_ROW_COUNT = 1_000_000
const ROWS_PER_READ_COUNT = 25_000

/**
 * The CRC-32 of each stored file, by the name of its blob. It is noted when the file is stored, and computed once for one
 * of before. An archive needs it in front of the file.
 *
 * They lie in one file of this server's data folder, which may be lost at any time. Nothing of it stays in memory.
 */
export class Checksums {
  readonly #path: string
  readonly #log: Pick<FastifyBaseLogger, 'warn' | 'error'>
  /** Rows that wait to be written, after those that are being written. */
  #waiting: Buffer[] = []
  #writing: Promise<void> | null = null

  private constructor(path: string, log: Pick<FastifyBaseLogger, 'warn' | 'error'>) {
    this.#path = path
    this.#log = log
  }

  /** Opens the file, and forgets the older half of one that has grown too long. */
  static async open(
    path: string,
    log: Pick<FastifyBaseLogger, 'warn' | 'error'>,
    maxRowCount = MAX_ROW_COUNT,
  ): Promise<Checksums> {
    await shrink(path, maxRowCount).catch((error: unknown) => {
      if (systemErrorCode(error) !== 'ENOENT') throw error
    })
    return new Checksums(path, log)
  }

  /** Notes the sum of a file. It is written soon, and nothing waits for that. */
  note(blob: string, crc: number): void {
    this.#waiting.push(rowOf(blob, crc))
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null
    })
    inBackground(this.#writing, this.#log)
  }

  /** Finds the known ones of these files. It reads the whole file once, a megabyte at a time. */
  async find(blobs: ReadonlySet<string>): Promise<Map<string, number>> {
    await this.flush()
    const found = new Map<string, number>()
    const handle = await open(this.#path).catch((error: unknown) => {
      if (systemErrorCode(error) === 'ENOENT') return null
      throw error
    })
    if (!handle) return found
    await using _ = handle
    const rows = Buffer.alloc(ROWS_PER_READ_COUNT * ROW_BYTES)
    for (let at = 0; ; at += rows.length) {
      const { bytesRead } = await handle.read(rows, 0, rows.length, at)
      for (let row = 0; row + ROW_BYTES <= bytesRead; row += ROW_BYTES) {
        const blob = rows.toString('hex', row, row + NAME_BYTES)
        if (!blobs.has(blob)) continue
        const bytes = rows.subarray(row, row + NAME_BYTES + SUM_BYTES)
        if (crc32(bytes) === rows.readUInt32LE(row + NAME_BYTES + SUM_BYTES))
          found.set(blob, rows.readUInt32LE(row + NAME_BYTES))
      }
      if (bytesRead < rows.length) return found
    }
  }

  /** Resolves when every noted sum is written, as far as the disk takes it. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const rows = Buffer.concat(this.#waiting)
      this.#waiting = []
      try {
        await this.#append(rows)
      } catch (error) {
        // A full disk. They are computed again when they are needed.
        this.#log.warn({ err: error }, 'checksums not kept')
      }
    }
  }

  /** Appends rows where a row may begin: an earlier write may have been cut off. */
  async #append(rows: Buffer): Promise<void> {
    const { size } = await stat(this.#path).catch(() => ({ size: 0 }))
    const torn = size % ROW_BYTES
    const filler = Buffer.alloc(torn === 0 ? 0 : ROW_BYTES - torn)
    await appendFile(this.#path, Buffer.concat([filler, rows]), { mode: 0o600 })
  }
}

function rowOf(blob: string, crc: number): Buffer {
  const row = Buffer.alloc(ROW_BYTES)
  row.write(blob, 'hex')
  row.writeUInt32LE(crc, NAME_BYTES)
  row.writeUInt32LE(crc32(row.subarray(0, NAME_BYTES + SUM_BYTES)), NAME_BYTES + SUM_BYTES)
  return row
}

async function shrink(path: string, maxRowCount: number): Promise<void> {
  const { size } = await stat(path)
  if (size <= maxRowCount * ROW_BYTES) return
  const kept = Buffer.alloc(Math.floor(maxRowCount / 2) * ROW_BYTES)
  await using file = await open(path)
  const from = Math.floor(size / ROW_BYTES) * ROW_BYTES - kept.length
  await file.read(kept, 0, kept.length, from)
  await writeFile(`${path}.new`, kept, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
