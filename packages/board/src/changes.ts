import type { Cursor } from './cursors.ts'
import type { AnyRecord } from './records.ts'

/** The newest state of one id: its whole record, or a tombstone. */
export type Change = { readonly put: AnyRecord } | { readonly gone: string }

/** One step of history. A reader at `from` applies the changes and then stands at `to`. */
export interface Batch {
  readonly from: Cursor
  readonly to: Cursor
  readonly changes: readonly Change[]
}

/** Returns the id that a change is about. */
export const idOf = (change: Change): string => ('put' in change ? change.put.id : change.gone)

/** Applies changes to a map of records, in place. */
export function applyChanges(records: Map<string, AnyRecord>, changes: Iterable<Change>): void {
  for (const change of changes)
    if ('put' in change) records.set(change.put.id, change.put)
    else records.delete(change.gone)
}

/** Merges consecutive batches into one: the newest change of each id. */
export function coalesce(batches: readonly [Batch, ...Batch[]]): Batch {
  if (batches.length === 1) return batches[0]
  const newest = new Map<string, Change>()
  for (const batch of batches) for (const change of batch.changes) newest.set(idOf(change), change)
  return { from: batches[0].from, to: batches.at(-1)!.to, changes: [...newest.values()] }
}
