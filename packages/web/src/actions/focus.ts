import { boxOf } from '@wirephoto/board'
import type { AppState } from '../app-state.ts'
import { firstSeen } from '../geometry/order.ts'

/** Focuses a picture, and brings it into view unless it is to `stay`. */
export function goTo(
  { selection, boardStore, camera }: AppState,
  id: string,
  how: 'reveal' | 'stay' = 'reveal',
): void {
  const record = boardStore.get(id)
  if (!record) return
  selection.activate(null)
  selection.activate(id, true)
  if (how === 'reveal') camera.reveal(boxOf(record))
}

/** Focuses the first picture in view. False if the board is empty. */
export function enter({ boardStore, camera, selection }: AppState): boolean {
  const id = firstSeen(boardStore.boxes, camera.visibleBox)
  if (id) selection.activate(id, true)
  return id !== null
}
