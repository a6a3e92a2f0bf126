import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

/** A database of this size is checked within some milliseconds, so before it is used. */
export const QUICKLY_CHECKED_BYTES = 16 * 1_048_576

/** Finds out whether a database hangs together and its records can be read. Null if so, else what is wrong. */
export function findDamage(db: DatabaseSync): string | null {
  try {
    const [first] = db.prepare('PRAGMA integrity_check(1)').all()
    const found = first?.['integrity_check']
    if (found !== 'ok') return String(found)
    const version = db.prepare('PRAGMA user_version').get()!['user_version'] as number
    // Pages hang together whatever the text in them says.
    const checks = version === 0 ? [] : version < FIRST_SUMMED_VERSION ? [BROKEN_RECORD] : SUMS
    const broken = checks.find(({ sql }) => db.prepare(sql).get())
    return broken?.damage ?? null
  } catch (error) {
    // Bytes that are no JSON end the look at an index over them with an error.
    return error instanceof Error ? error.message : String(error)
  }
}

/** The first layout of a database whose rows have sums. */
const FIRST_SUMMED_VERSION = 5

const BROKEN_RECORD = {
  sql: 'SELECT 1 FROM records WHERE json IS NOT NULL AND NOT json_valid(json) LIMIT 1',
  damage: 'a record is no JSON',
}

/** Searches for rows that aren't as they were written. */
const SUMS: readonly { readonly sql: string; readonly damage: string }[] = [
  {
    sql: 'SELECT 1 FROM records WHERE sum IS NOT sum_of(json) LIMIT 1',
    damage: 'a record is not as it was written',
  },
  {
    sql: `SELECT 1 FROM clients WHERE sum IS NOT sum_of(n || ' ' || seq || ' ' || coalesce(refused, '')) LIMIT 1`,
    damage: 'a command queue is not as it was written',
  },
  {
    sql: `SELECT 1 FROM boards WHERE NOT EXISTS (SELECT 1 FROM batches
      WHERE batches.board = boards.key AND batches.seq = boards.seq AND batches.stamp = boards.stamp) LIMIT 1`,
    damage: 'a board is not at its last batch',
  },
]

/** The address of a folder's main file, which a reader of it neither locks nor expects to change. */
export const unchangingFile = (folder: string): URL =>
  new URL(`${pathToFileURL(join(folder, 'wirephoto.db'))}?immutable=1`)

/**
 * Checks a folder's main file in a thread of its own. It must not change meanwhile, so checkpoints wait.
 *
 * @param onEnd `hasRun` is false if the check couldn't be run.
 * @returns A function that ends the check without a result.
 */
export function checkInBackground(
  folder: string,
  onEnd: (damage: string | null, hasRun: boolean) => void,
): () => void {
  const worker = new Worker(new URL(import.meta.resolve('#consistency-thread')), {
    workerData: folder,
  })
  worker.unref()
  let damage: string | null = null
  let hasRun = false
  worker.once('message', (found: string | null) => {
    damage = found
    hasRun = true
  })
  // A check that can't run, as for want of memory, proves nothing.
  worker.once('error', () => {})
  worker.once('exit', () => onEnd(damage, hasRun))
  return () => {
    worker.terminate().catch(() => {})
  }
}
