import { type BigIntStats, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The files of a database that is open, by their names in the folder. A file that was removed or replaced takes
 * writes as before, and loses them when the process ends.
 *
 * @remarks The files are only looked at by name: a process that closes one loses SQLite's lock on it.
 */
export class DatabaseFiles {
  readonly #folder: string
  #main: BigIntStats
  #wal: BigIntStats | null

  /** Takes the files as they are, right after the database was opened. */
  constructor(folder: string) {
    this.#folder = folder
    this.#main = this.#stat('wirephoto.db')!
    this.#wal = this.#stat('wirephoto.db-wal')
  }

  /** Takes the main file as it is after a checkpoint: nothing else writes to it. */
  noteCheckpoint(): void {
    const main = this.#stat('wirephoto.db')
    if (main && isSameFile(main, this.#main)) this.#main = main
  }

  /** Takes the files as they are after a checkpoint that has emptied the WAL. */
  noteTruncation(): void {
    this.noteCheckpoint()
    const wal = this.#stat('wirephoto.db-wal')
    if (this.#wal && wal && isSameFile(wal, this.#wal)) this.#wal = wal
  }

  /** Says in a sentence why writes would be lost, or may be. Null if they would not. */
  fault(): string | null {
    try {
      return this.#loss()
    } catch (error) {
      // Nobody knows whether a file that can't be looked at is still the one that is open.
      return `The database in ${this.#folder} can't be looked at (${String(error)}). Check the disk that it lies on.`
    }
  }

  #loss(): string | null {
    const main = this.#stat('wirephoto.db')
    const wal = this.#stat('wirephoto.db-wal')
    const lost = (file: string, what: string) =>
      `The file ${file} in ${this.#folder} ${what} while this server had it open. Stop the server, put the right files back, and start again.`
    if (!main || !isSameFile(main, this.#main))
      return lost('wirephoto.db', 'was removed or replaced')
    if (main.size !== this.#main.size || main.mtimeNs !== this.#main.mtimeNs)
      return lost('wirephoto.db', 'was written by another program')
    if (this.#wal && (!wal || !isSameFile(wal, this.#wal)))
      return lost('wirephoto.db-wal', 'was removed or replaced')
    if (this.#wal && wal!.size < this.#wal.size) return lost('wirephoto.db-wal', 'was cut off')
    this.#wal = wal
    return null
  }

  #stat(name: string): BigIntStats | null {
    try {
      return statSync(join(this.#folder, name), { bigint: true })
    } catch {
      // A file on a disk that answers with errors is as good as gone until it is seen again.
      return null
    }
  }
}

const isSameFile = (a: BigIntStats, b: BigIntStats): boolean => a.ino === b.ino && a.dev === b.dev
