import { type ImageRecord, picturesOnBoard } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'

/** Returns the board's stored pictures, from the bottom of the stack up. */
export const storedByLayer = (board: Board): ImageRecord[] =>
  picturesOnBoard(board.pictures)
    .filter(({ blob }) => blob)
    .sort((a, b) => (a.z < b.z ? -1 : 1))
