import { boxOf } from '@wirephoto/board'
import type { AppState } from '../app-state.ts'
import { firstSeen } from '../geometry/order.ts'

/** Puts the keyboard on a picture, and the picture into view. */
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

/** Goes to the first picture that is seen. False when there is none. */
export function enter({ boardStore, camera, selection }: AppState): boolean {
  const id = firstSeen(boardStore.boxes, camera.visibleBox)
  if (id) selection.activate(id, true)
  return id !== null
}
