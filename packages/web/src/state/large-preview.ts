import { largePreviewUrl } from '@wirephoto/client'
import type { BoardStore } from './board-store.ts'
import { wantsMoreThanPreview } from './resolution.ts'

/* The views that show a picture on its way larger than its small preview load this late. */

/**
 * Creates the function that returns the address of a picture's large preview, else null. It is wanted while the file is
 * on its way and the small one has too few device pixels. One's own file shows itself.
 */
export function createLargePreview(
  boardStore: BoardStore,
  id: string,
): (pixels: number) => string | null {
  const arrival = boardStore.arrival(id)
  return (pixels) =>
    arrival()?.large && wantsMoreThanPreview(pixels) && !boardStore.hasFile(id)
      ? largePreviewUrl(boardStore.board, id)
      : null
}
