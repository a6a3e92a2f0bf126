import type { ImageRecord } from '@wirephoto/board'
import type { BoardStore } from '../state/board-store.ts'
import { overlayWords } from '../words/overlay.ts'
import { formatTime } from './format-time.ts'

/** Returns who added a picture, empty for nobody with a name, and when. */
export function authorAndTime(
  record: ImageRecord,
  boardStore: BoardStore,
): readonly [author: string, time: string] {
  // One's own id is known from the first contact on, which the status tells.
  boardStore.status()
  const isOwn = record.author === boardStore.board.visitor
  return [isOwn ? overlayWords.you : boardStore.authorOf(record), formatTime(record.createdAt)]
}
