import type { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'

/** Returns the sum that a row keeps of a text; null of a tombstone's. */
export const sumOf = (text: string | null): number | null => (text === null ? null : crc32(text))

/** The text of a client's row that its sum is made of. */
export const clientText = (n: number, seq: number, refused: string | null): string =>
  `${n} ${seq} ${refused ?? ''}`

/** Gives a database the function `sum_of`. */
export function defineSums(db: DatabaseSync): void {
  db.function('sum_of', { deterministic: true }, (text) => sumOf(text as string | null))
}
