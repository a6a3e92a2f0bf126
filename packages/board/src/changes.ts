import type { AnyRecord } from './records.ts'

/** What happened to one id: the whole record after it, or a tombstone. */
export type Change = { readonly put: AnyRecord } | { readonly gone: string }

/**
 * A place in a board's history: `epoch.seq.stamp`. Opaque but for `seqOf`; the stamp is random, so
 * that a history which lost its tail and grew another is told from the one that a reader followed (F2).
 */
export type Cursor = string & { readonly cursor: unique symbol }

/** One step of history. A reader whose cursor is `from` applies it and stands at `to`. */
export interface Batch {
  readonly from: Cursor
  readonly to: Cursor
  readonly changes: readonly Change[]
}

export const cursor = (epoch: string, seq: number, stamp: string): Cursor =>
  `${epoch}.${seq}.${stamp}` as Cursor

/** A cursor's parts, or null for a string that is none. */
export function parseCursor(text: string): { epoch: string; seq: number; stamp: string } | null {
  const match = /^([\w-]{1,64})\.(\d{1,15})\.([\w-]{1,64})$/.exec(text)
  return match ? { epoch: match[1]!, seq: Number(match[2]), stamp: match[3]! } : null
}

/** The batch number of a cursor; comparable within one epoch only. */
export const seqOf = (cursor: Cursor): number => parseCursor(cursor)?.seq ?? 0

export const idOf = (change: Change): string => ('put' in change ? change.put.id : change.gone)

/** Applies changes to a replica, in place. */
export function applyChanges(records: Map<string, AnyRecord>, changes: Iterable<Change>): void {
  for (const change of changes)
    if ('put' in change) records.set(change.put.id, change.put)
    else records.delete(change.gone)
}

/** One batch that does what a run of consecutive ones does: the newest change of each id. */
export function coalesce(batches: readonly [Batch, ...Batch[]]): Batch {
  if (batches.length === 1) return batches[0]
  const newest = new Map<string, Change>()
  for (const batch of batches) for (const change of batch.changes) newest.set(idOf(change), change)
  return { from: batches[0].from, to: batches.at(-1)!.to, changes: [...newest.values()] }
}
