import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { toEngineError } from './database.ts'

/**
 * Keeps a folder for this process, until it calls what is given back or ends in whatever way. The lock
 * is the operating system's; Node can't ask for it, but SQLite can. Throws an EngineError.
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
