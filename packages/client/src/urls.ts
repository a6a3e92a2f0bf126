import { type ImageRecord, shownForm, VARIANT_SIDES_PX } from '@wirephoto/board'

/** A `Board`, or the two fields of one that make an address. */
export interface BoardAddress {
  /** Where the server is reached, without a slash at the end: an origin, perhaps with a path. */
  readonly url: string
  readonly id: string
}

/** A board's address, with the headers that say who asks. */
export interface BoardEndpoint extends BoardAddress {
  readonly headers: Readonly<Record<string, string>>
  readonly isWall?: boolean | undefined
  /** Whether a copy of the board is kept for the time when its server doesn't answer. */
  readonly keepsCopy?: boolean | undefined
}

/**
 * Returns the address that shows a stored picture, or null while it is arriving. With `pixels` this is the
 * smallest variant whose longest side has as many, if there is one (V1). A picture that moves does so only
 * above 64 pixels. A type that browsers don't show has no address until there are variants (V5).
 */
export function blobUrl(
  board: BoardAddress,
  record: ImageRecord,
  pixels = Number.POSITIVE_INFINITY,
): string | null {
  const { blob, variants, animated } = record
  const enough = variants?.find(
    (each) => each >= pixels && (!animated || each === VARIANT_SIDES_PX[0]),
  )
  const which = enough ?? shownForm(record)
  return blob && which ? `${board.url}/b/${board.id}/blob/${blob}/${which}` : null
}

/** Returns the address of the stored file as a download under the picture's own name. */
export function downloadUrl(board: BoardAddress, record: ImageRecord): string {
  return `${board.url}/api/boards/${board.id}/images/${record.id}/file?download`
}

/**
 * Returns the address of an arriving picture's file, from its start and as it grows (A4). A page reads one
 * file at a time: of the readers that name the same `page`, the last one gets it.
 */
export function liveUrl(board: BoardAddress, id: string, page: string): string {
  return `${board.url}/b/${board.id}/arrivals/${id}?page=${encodeURIComponent(page)}`
}

/** Returns the address of the preview that the server keeps of an arriving picture. */
export function previewUrl(board: BoardAddress, id: string): string {
  return `${board.url}/b/${board.id}/arrivals/${id}/preview`
}

/** Returns the address where pictures come whole. */
export function imagesUrl(board: BoardAddress): string {
  return `${board.url}/api/boards/${board.id}/images`
}

/** Returns the address where live slots are listed. */
export function slotsUrl(board: BoardAddress): string {
  return `${board.url}/api/boards/${board.id}/slots`
}

/** Returns the address of a live slot. */
export function slotUrl(board: BoardAddress, name: string): string {
  return `${slotsUrl(board)}/${encodeURIComponent(name)}`
}

/** Returns the address where uploads are made; each is then at `<address>/<picture>`. */
export function uploadsUrl(board: BoardAddress): string {
  return `${board.url}/api/boards/${board.id}/uploads`
}

/** Returns the address where one's own pictures that wait are listed, and owners decide about all. */
export function heldUrl(board: BoardAddress): string {
  return `${board.url}/api/boards/${board.id}/held`
}

/** Returns the address of the board's page, and of what lies under it. */
export function boardPageUrl(board: BoardAddress): string {
  return `${board.url}/b/${board.id}`
}

/** Returns the address of the board's records. */
export function snapshotUrl(board: BoardAddress): string {
  return `${board.url}/api/boards/${board.id}/snapshot`
}
