import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toEngineError } from './database.ts'

/**
 * Locks a folder for this process, until the returned function is called or the process ends.
 *
 * @remarks The lock is the operating system's. Node has no call for it, but SQLite does.
 * @throws EngineError with the code `folder-locked` or `folder-unwritable`.
 */
export function lockFolder(folder: string): () => void {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(folder, 'lock'))
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return () => lock!.close()
  } catch (error) {
    lock?.close()
    throw toEngineError(error, folder)
  }
}
