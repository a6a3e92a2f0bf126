import { largePreview } from '@wirephoto/board'
import { type Board, largePreviewUrl } from '@wirephoto/client'
import { inBackground } from '../browser/in-background.ts'
import { ArrivalSpeed } from '../state/arrival-speed.ts'
import { savesData } from '../state/resolution.ts'
import type { PreviewTask } from './preview.ts'

/* This chunk is loaded when a long file has its small preview. */

/** A picture without many more pixels than its small preview has no large one. */
const MIN_SIDE_PX = largePreview.sidePx / 2

/** Sends a large preview of one's own picture, if its file takes long: others see it sharp meanwhile. */
export function offerLargePreview(
  board: Board,
  { id, size: { width, height } }: PreviewTask,
  make: () => Promise<Uint8Array | null>,
): void {
  if (Math.max(width, height) < MIN_SIDE_PX || savesData()) return
  const speed = new ArrivalSpeed()
  const end = board.on('arrivals', (ids) => {
    if (!ids.has(id)) return
    const arrival = board.arrival(id)
    if (!isArriving(board, id)) return end()
    // A progressive file shows itself.
    if (!arrival || arrival.live || !speed.isSlow(performance.now(), arrival.sent, arrival.total))
      return
    end()
    inBackground(send(board, id, make))
  })
}

const isArriving = ({ pictures }: Board, id: string): boolean => pictures.get(id)?.blob === null

async function send(
  board: Board,
  id: string,
  make: () => Promise<Uint8Array | null>,
): Promise<void> {
  const body = (await make()) as Uint8Array<ArrayBuffer> | null
  // Nothing is lost without it but time.
  if (body && isArriving(board, id))
    await fetch(largePreviewUrl(board, id), { method: 'PUT', body }).catch(() => {})
}
