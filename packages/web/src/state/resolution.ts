import { type ImageRecord, VARIANT_SIDES_PX } from '@wirephoto/board'

/** Bytes of a file that isn't worth waiting for something smaller. */
const SMALL_FILE_BYTES = 100_000
/** Longest side of a preview in pixels (A5). */
const PREVIEW_SIDE_PX = 320

/**
 * The longest side to be loaded for so many pixels on the screen: that of a variant, or infinite for
 * the file itself. One size smaller where data are dear (`Save-Data`).
 */
export function sideFor(
  { variants, animated }: ImageRecord,
  pixels: number,
  isThrifty = savesData(),
): number {
  const smaller = VARIANT_SIDES_PX.findLast((side) => side < pixels)
  const enough = isThrifty && smaller ? smaller : pixels
  // What moves, moves at more than the smallest.
  const side = variants?.find(
    (each) => each >= enough && (!animated || each === VARIANT_SIDES_PX[0]),
  )
  return side ?? Number.POSITIVE_INFINITY
}

/** Whether a file is worth reading while it comes: to so many pixels on the screen, a preview is too little. */
export const wantsLiveRead = (pixels: number): boolean => pixels > PREVIEW_SIDE_PX && !savesData()

/** Whether there will be something smaller of a picture in a moment. */
export function awaitsVariants({ variants, bytes }: ImageRecord): boolean {
  return variants === null && (bytes ?? 0) > SMALL_FILE_BYTES
}

/** The person has asked for little data (Network Information API; not everywhere). */
function savesData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } }
  return connection?.saveData === true
}
