import {
  closeSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RECORD_VERSION } from '@wirephoto/board/record-migrations'
import { EngineError, noBoards, olderLayout } from '../errors.ts'
import { isDiskFull } from '../files/system-errors.ts'
import { findDamage, QUICKLY_CHECKED_BYTES, unchangingFile } from './consistency.ts'
import { FolderMark, lossCode, type Mark, readMark } from './folder-mark.ts'
import { migrations } from './migrations.ts'
import { defineSums } from './sums.ts'

/** The first SQLite without the WAL-reset bug, which could corrupt a database. */
const OLDEST_SQLITE_VERSION = [3, 51, 3] as const
const PAGE_BYTES = 4_096

/** How a folder's database is opened. */
export interface DatabaseOptions {
  /** The code of a loss that the operator accepts; null for none. */
  readonly acceptLoss: string | null
  /** Whether a database that is missing or of an older layout is refused, and left as it is. */
  readonly inspects: boolean
}

/** A database and its folder's mark. */
export interface OpenDatabase {
  readonly db: DatabaseSync
  readonly mark: FolderMark
  /** The folder's mark as it was found or made. */
  readonly noted: Mark
  /** Whether its pages were found to hang together. A large database is checked later. */
  readonly isChecked: boolean
}

/**
 * Opens a folder's database for this process alone. The lock is the operating system's, so it ends
 * with the process.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export function openDatabase(
  folder: string,
  { acceptLoss, inspects }: DatabaseOptions,
): OpenDatabase {
  checkVersion(process.versions.sqlite ?? '0')
  let db: DatabaseSync | undefined
  try {
    const found = checkPresence(folder, readMark(folder), { acceptLoss, inspects })
    setUnfitWalAside(folder, found)
    db = new DatabaseSync(join(folder, 'wirephoto.db'))
    defineSums(db)
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    db.exec('PRAGMA journal_mode = WAL')
    // On macOS a plain fsync leaves the bytes in the disk's own cache.
    db.exec('PRAGMA fullfsync = ON; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384')
    db.exec('PRAGMA secure_delete = ON')
    checkDurable(db)
    const isChecked = fileSize(folder, 'wirephoto.db') <= QUICKLY_CHECKED_BYTES
    if (isChecked && findDamage(db) !== null) throw damaged(folder)
    const version = migrate(db, folder, { found, inspects })
    // Checkpoints are the database thread's, so that it knows who writes to the main file.
    db.exec('PRAGMA wal_checkpoint(TRUNCATE); PRAGMA wal_autocheckpoint = 0')
    const noted = compareMarks(db, folder, { found, version, acceptLoss })
    const mark = new FolderMark(folder)
    mark.write(noted)
    return { db, mark, noted, isChecked }
  } catch (error) {
    db?.close()
    throw toEngineError(error, folder)
  }
}

type FoundMark = ReturnType<typeof readMark>

/**
 * Checks that a folder that had a database has it still. SQLite would make an empty one, and delete the WAL.
 *
 * @returns The mark; null if a new database shall be made.
 */
function checkPresence(
  folder: string,
  found: FoundMark,
  { acceptLoss, inspects }: DatabaseOptions,
): FoundMark {
  if (fileSize(folder, 'wirephoto.db') > 0) return found
  const hasWal = fileSize(folder, 'wirephoto.db-wal') > 0
  const isNew = found === null && !hasWal && !hasBlobs(folder)
  if (isNew && inspects) throw noBoards(`folder ${folder}`)
  if (isNew) return null
  const code = lossCode('all', found)
  if (acceptLoss !== code)
    throw new EngineError(
      'lost',
      `The database wirephoto.db in ${folder} is gone or empty, though the folder had one. Put it or a backup back, or begin an empty one with --accept-loss ${code}.`,
    )
  if (hasWal) renameSync(join(folder, 'wirephoto.db-wal'), join(folder, UNFIT_WAL))
  return null
}

/** The name under which a WAL is kept that doesn't belong to the database beside it. */
const UNFIT_WAL = 'wirephoto.db-wal.unfit'

/**
 * Sets a WAL aside that goes on from a newer main file. SQLite would mix it with the older copy that was put
 * back beside it.
 */
function setUnfitWalAside(folder: string, found: FoundMark): void {
  if (found === null || found === 'unreadable' || fileSize(folder, 'wirephoto.db-wal') <= 0) return
  let main: DatabaseSync | undefined
  let isUnfit = false
  try {
    main = new DatabaseSync(unchangingFile(folder), { readOnly: true })
    const row = main.prepare('SELECT id, n FROM mark').get() as { id: string; n: number }
    isUnfit = row.id !== found.id || row.n < found.base
  } catch {
    // A checkpoint that broke off leaves a main file that only its WAL makes whole.
  } finally {
    main?.close()
  }
  if (isUnfit) renameSync(join(folder, 'wirephoto.db-wal'), join(folder, UNFIT_WAL))
}

/** Returns the size of a file in a folder; -1 if it isn't there. */
export const fileSize = (folder: string, name: string): number =>
  statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? -1

function hasBlobs(folder: string): boolean {
  try {
    return readdirSync(join(folder, 'blobs')).some((shard) => shard.length === 2)
  } catch {
    return false
  }
}

interface MarkComparison {
  readonly found: FoundMark
  /** The version of the layout that the database had. */
  readonly version: number
  readonly acceptLoss: string | null
}

/**
 * Compares a database with its folder's mark, and notes in it what it has lost. Throws an EngineError if it
 * belongs to another folder.
 *
 * @returns The folder's mark from now on.
 */
function compareMarks(
  db: DatabaseSync,
  folder: string,
  { found, version, acceptLoss }: MarkComparison,
): Mark {
  const read = () =>
    db.prepare('SELECT id, n, loss FROM mark').get() as {
      id: string
      n: number
      loss: string | null
    }
  // A copy from before there were marks belongs to the folder whose files lie beside it.
  if (found && found !== 'unreadable' && version < FIRST_MARKED_VERSION)
    db.prepare('UPDATE mark SET id = ?').run(found.id)
  const { id, n, loss } = read()
  if (found && found !== 'unreadable' && found.id !== id) {
    const code = lossCode('foreign', found, id)
    if (acceptLoss !== code)
      throw new EngineError(
        'foreign',
        `The database wirephoto.db in ${folder} belongs to another folder. Put the folder's own one back, or keep this one with --accept-loss ${code}.`,
      )
    return { id, n, base: n }
  }
  const isUnknown = found === 'unreadable'
  const lost = found && !isUnknown ? found.n - n : 0
  // The base of the mark moves on while the loss stays.
  const code = isUnknown || lost > 0 ? lossCode(isUnknown ? found : [found!.id, found!.n]) : loss
  if (code === null) return { id, n, base: n }
  if (code === acceptLoss) {
    db.exec('UPDATE mark SET loss = NULL, lost = NULL')
    return { id, n, base: n }
  }
  if (code !== loss)
    db.prepare('UPDATE mark SET loss = ?, lost = ?').run(code, isUnknown ? null : lost)
  return { id, n: Math.max(n, n + lost), base: n }
}

/** Says what a database has lost, unless the operator has accepted it. */
export function readLoss(db: DatabaseSync, folder: string): string | null {
  const { loss, lost } = db.prepare('SELECT loss, lost FROM mark').get()!
  if (loss === null) return null
  const what =
    lost === null
      ? `The file wirephoto.mark in ${folder} can't be read, so the database there may lack changes that were saved.`
      : `The database in ${folder} lacks the last ${lost} writes that were saved: an older copy was put back, or its file wirephoto.db-wal was lost.`
  return `${what} Put the newer one back, or start with --accept-loss ${loss} to keep this one; until then no unused file is removed.`
}

const damaged = (folder: string): EngineError =>
  new EngineError(
    'damaged',
    `The database in ${folder} is damaged. Put a backup in its place, or choose another folder.`,
  )

/** The first layout of a database that has a mark. */
const FIRST_MARKED_VERSION = 4

/** Checks that SQLite is safe to write with. Throws an EngineError if it is too old. */
export function checkVersion(version: string): void {
  const parts = version.split('.').map(Number)
  const differing = OLDEST_SQLITE_VERSION.findIndex((part, i) => part !== parts[i])
  if (differing < 0 || (parts[differing] ?? 0) > OLDEST_SQLITE_VERSION[differing]!) return
  throw new EngineError(
    'too-old',
    `This Node brings SQLite ${version}, which can damage its database. Use Node 24.18 or newer.`,
  )
}

/** Checks that a commit is on the disk when it returns (F1). A pragma that SQLite ignores gives no error. */
export function checkDurable(db: DatabaseSync): void {
  const { journal_mode } = db.prepare('PRAGMA journal_mode').get()!
  const { synchronous } = db.prepare('PRAGMA synchronous').get()!
  if (journal_mode !== 'wal' || synchronous !== 2)
    throw new Error(`SQLite won't write durably: ${journal_mode}, synchronous ${synchronous}`)
}

/**
 * Tells whether a statement failed for want of room. SQLite says the same of EFBIG and EDQUOT as of a disk that
 * fails, so another file is written to tell them apart.
 */
export function isOutOfSpace(error: unknown, folder: string): boolean {
  const code = resultCode(error)
  return code === SQLITE.FULL || (code === SQLITE.IOERR_WRITE && isFull(folder))
}

/** Tries to write a page as far into a file as the WAL is long. */
function isFull(folder: string): boolean {
  const path = join(folder, 'wirephoto.probe')
  try {
    const fd = openSync(path, 'w', 0o600)
    try {
      writeSync(fd, Buffer.alloc(PAGE_BYTES), 0, PAGE_BYTES, fileSize(folder, 'wirephoto.db-wal'))
      return false
    } finally {
      closeSync(fd)
      unlinkSync(path)
    }
  } catch (error) {
    return isDiskFull(error)
  }
}

/** Brings the layout to today's. Returns the version that it had; 0 for a new database. */
function migrate(
  db: DatabaseSync,
  folder: string,
  { found, inspects }: { found: FoundMark; inspects: boolean },
): number {
  const version = db.prepare('PRAGMA user_version').get()!.user_version as number
  const tooNew = () =>
    new EngineError(
      'too-new',
      `The data in ${folder} is from a newer Wirephoto. Start that one, or choose another folder.`,
    )
  if (version > migrations.length) throw tooNew()
  // A WAL that was lost may have held the tables too. A table that is there belies a version of zero.
  if (version === 0 && (found !== null || hasTables(db))) throw damaged(folder)
  const isCurrent = version === migrations.length
  if (isCurrent && recordVersionOf(db) > RECORD_VERSION) throw tooNew()
  if (isCurrent && (inspects || recordVersionOf(db) === RECORD_VERSION)) return version
  if (inspects) throw olderLayout(`data in ${folder}`)
  db.exec('BEGIN IMMEDIATE')
  for (const sql of migrations.slice(version)) db.exec(sql)
  db.exec(`UPDATE formats SET record_version = ${RECORD_VERSION}`)
  db.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`)
  return version
}

const hasTables = (db: DatabaseSync): boolean =>
  db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined

/** Reads the newest version of records that may be in a database of the current layout. */
const recordVersionOf = (db: DatabaseSync): number =>
  db.prepare('SELECT record_version FROM formats').get()!.record_version as number

/** Translates the failure to open a database in a folder. Returns errors of any other kind unchanged. */
export function toEngineError(error: unknown, folder: string): unknown {
  const code = (resultCode(error) ?? 0) & 0xff
  if (code === SQLITE.BUSY || code === SQLITE.LOCKED)
    return new EngineError(
      'folder-locked',
      `Another server uses the folder ${folder}. Stop it, or choose another folder.`,
    )
  if (code === SQLITE.READONLY || code === SQLITE.CANTOPEN || code === SQLITE.PERM)
    return new EngineError(
      'folder-unwritable',
      `The database in ${folder} can't be written to. Give this user the right to, or choose another folder.`,
    )
  // A header with odd values is a mere error to SQLite.
  if (isDamage(error) || code === SQLITE.ERROR) return damaged(folder)
  return error
}

/** Tells whether SQLite found a page that it can't read. */
export const isDamage = (error: unknown): boolean => {
  const code = (resultCode(error) ?? 0) & 0xff
  return code === SQLITE.CORRUPT || code === SQLITE.NOTADB
}

/** Tells whether a call failed because the disk can't be read or written just now. */
export const isDiskFailure = (error: unknown): boolean =>
  ((resultCode(error) ?? 0) & 0xff) === SQLITE.IOERR

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error ? (error as Error & { errcode?: number }).errcode : undefined

// https://sqlite.org/rescode.html
const SQLITE = {
  ERROR: 1,
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
  IOERR_WRITE: 778,
} as const
