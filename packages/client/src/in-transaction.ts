import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from 'idb'

/**
 * Runs requests in one transaction. Resolves with what `run` resolves to, once the transaction is complete. One
 * that fails rejects twice, in its request and in its end: here both have a catch.
 */
export async function inTransaction<
  Schema extends DBSchema,
  const Names extends StoreNames<Schema>[],
  Mode extends IDBTransactionMode,
  T,
>(
  db: IDBPDatabase<Schema>,
  names: Names,
  mode: Mode,
  run: (tx: IDBPTransaction<Schema, Names, Mode>) => Promise<T>,
): Promise<T> {
  const tx = db.transaction(names, mode)
  const [result] = await Promise.all([run(tx), tx.done])
  return result
}
