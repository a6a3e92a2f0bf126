import type { Box } from '@wirephoto/board'
import { BoxColumns } from '../geometry/box-columns.ts'
import type { BoardStore } from '../state/board-store.ts'

/** Each board's columns, as of a revision of its pictures. */
const known = new WeakMap<BoardStore, { revision: number; columns: BoxColumns }>()

/** Returns the boxes of the pictures around a box, but for that of `id`. Callers track their changes. */
export function neighboursOf(boardStore: BoardStore, id: string, box: Box): Iterable<Box> {
  const revision = boardStore.revision()
  let now = known.get(boardStore)
  if (now?.revision !== revision) {
    now = { revision, columns: new BoxColumns(boardStore.boxes) }
    known.set(boardStore, now)
  }
  return now.columns.besides(id, box)
}
