import { type ImageRecord, isShown, STAND_IN_SIDE_PX, VARIANT_SIDES_PX } from '@wirephoto/board'

/** A `Board`, or what is known of one. */
interface Addressed {
  readonly url: string
  readonly id: string
}

/**
 * Where a stored picture can be shown from, null while it is arriving. With `pixels`, the smallest variant
 * whose longest side has as many, where there is one (V1). What moves, moves at more than 64. What browsers
 * don't show has nothing but variants: null until there are any (V5).
 */
export function blobUrl(
  board: Addressed,
  { blob, type, variants, animated }: ImageRecord,
  pixels = Number.POSITIVE_INFINITY,
): string | null {
  const enough = variants?.find(
    (each) => each >= pixels && (!animated || each === VARIANT_SIDES_PX[0]),
  )
  const standIn = variants?.includes(STAND_IN_SIDE_PX) ? STAND_IN_SIDE_PX : null
  const which = enough ?? standIn ?? (type && !isShown(type) ? null : 'original')
  return blob && which ? `${board.url}/b/${board.id}/blob/${blob}/${which}` : null
}

/** The same under its own name, as a download. */
export function downloadUrl(board: Addressed, record: ImageRecord): string {
  return `${board.url}/api/boards/${board.id}/images/${record.id}/file?download`
}

/**
 * Where the file of a picture on its way is read from its start and as it grows. Of the readers that call
 * themselves the same page, the last one gets it.
 */
export function liveUrl(board: Addressed, id: string, page: string): string {
  return `${board.url}/b/${board.id}/arrivals/${id}?page=${encodeURIComponent(page)}`
}
