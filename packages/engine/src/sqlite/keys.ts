import type { DatabaseSync } from 'node:sqlite'
import { WireError } from '@wirephoto/board/errors'

/** Prepares the look-up of a board's numeric key, which all its rows carry. It throws `unknown-board`. */
export function prepareKeyOf(db: DatabaseSync): (board: string) => number {
  const select = db.prepare('SELECT key FROM boards WHERE id = ?')
  return (board) => {
    const row = select.get(board)
    if (!row) throw new WireError('unknown-board')
    return row.key as number
  }
}
