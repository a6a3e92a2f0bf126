import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RECORD_VERSION } from '@wirephoto/board/record-migrations'
import { EngineError } from '../errors.ts'
import { migrations } from './migrations.ts'

/** The first SQLite without the WAL-reset bug, which could corrupt a database. */
const OLDEST_SQLITE_VERSION = [3, 51, 3] as const

/**
 * Opens a folder's database for this process alone. The lock is the operating system's, so it ends
 * with the process.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export function openDatabase(folder: string): DatabaseSync {
  checkVersion(process.versions.sqlite ?? '0')
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(join(folder, 'wirephoto.db'))
    db.exec('PRAGMA locking_mode = EXCLUSIVE')
    db.exec('PRAGMA journal_mode = WAL')
    // On macOS a plain fsync leaves the bytes in the disk's own cache.
    db.exec('PRAGMA fullfsync = ON; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384')
    checkDurable(db)
    migrate(db, folder)
    return db
  } catch (error) {
    db?.close()
    throw toEngineError(error, folder)
  }
}

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

/** Tells whether a statement failed for want of room. For EFBIG and EDQUOT, SQLite reports a failed write. */
export function isOutOfSpace(error: unknown): boolean {
  const code = resultCode(error)
  return code === SQLITE.FULL || code === SQLITE.IOERR_WRITE
}

function migrate(db: DatabaseSync, folder: string): void {
  const version = db.prepare('PRAGMA user_version').get()!.user_version as number
  const tooNew = () =>
    new EngineError(
      'too-new',
      `The data in ${folder} is from a newer Wirephoto. Start that one, or choose another folder.`,
    )
  if (version > migrations.length) throw tooNew()
  const isCurrent = version === migrations.length
  if (isCurrent && recordVersionOf(db) > RECORD_VERSION) throw tooNew()
  if (isCurrent && recordVersionOf(db) === RECORD_VERSION) return
  db.exec('BEGIN IMMEDIATE')
  for (const sql of migrations.slice(version)) db.exec(sql)
  db.exec(`UPDATE formats SET record_version = ${RECORD_VERSION}`)
  db.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`)
}

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
  if (code === SQLITE.CORRUPT || code === SQLITE.NOTADB)
    return new EngineError(
      'damaged',
      `The database in ${folder} is damaged. Put a backup in its place, or choose another folder.`,
    )
  return error
}

const resultCode = (error: unknown): number | undefined =>
  error instanceof Error ? (error as Error & { errcode?: number }).errcode : undefined

// https://sqlite.org/rescode.html
const SQLITE = {
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
  IOERR_WRITE: 778,
} as const
