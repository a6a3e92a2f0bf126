import type { IDBPDatabase } from 'idb'

/** Time after which a database that doesn't open is given up: some browsers hang there. */
const DATABASE_OPEN_TIMEOUT_MS = 1_500

/** Awaits a database of the browser. Rejects if it doesn't open in time; one that opens later is closed. */
export async function openInTime<Schema>(
  opening: Promise<IDBPDatabase<Schema>>,
): Promise<IDBPDatabase<Schema>> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error('IndexedDB does not open')),
    DATABASE_OPEN_TIMEOUT_MS,
  )
  try {
    return await Promise.race([opening, tooLate])
  } catch (error) {
    opening.then((db) => db.close()).catch(() => {})
    throw error
  } finally {
    clearTimeout(timer)
  }
}
