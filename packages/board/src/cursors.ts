/**
 * A place in a board's history: `epoch.seq.stamp`, opaque but for `seqOf`. The stamp is random: it tells
 * a history that lost its tail and grew another from the one that a reader followed (F2).
 */
export type Cursor = string & { readonly cursor: unique symbol }

/** Puts a cursor together from its parts. */
export const cursor = (epoch: string, seq: number, stamp: string): Cursor =>
  `${epoch}.${seq}.${stamp}` as Cursor

/** Returns a cursor's parts, or null if the text is no cursor. */
export function parseCursor(text: string): { epoch: string; seq: number; stamp: string } | null {
  const match = /^([\w-]{1,64})\.(\d{1,15})\.([\w-]{1,64})$/.exec(text)
  return match ? { epoch: match[1]!, seq: Number(match[2]), stamp: match[3]! } : null
}

/** Returns the batch number of a cursor. Numbers compare within one epoch only. */
export const seqOf = (cursor: Cursor): number => parseCursor(cursor)?.seq ?? 0
