import { type ImageRecord, VARIANT_SIDES_PX } from '@wirephoto/board'

/** A file up to this size is loaded itself: its variants would save little. */
const SMALL_FILE_BYTES = 100_000
/** The longest side of a preview (A5). */
const PREVIEW_SIDE_PX = 320

/**
 * Returns the longest side to load for so many pixels on the screen: a variant's, or Infinity for the
 * file itself. Returns one size smaller if the person asked to save data.
 */
export function sideFor(
  { variants, animated }: ImageRecord,
  pixels: number,
  isThrifty = savesData(),
): number {
  const smaller = VARIANT_SIDES_PX.findLast((side) => side < pixels)
  const enough = isThrifty && smaller ? smaller : pixels
  // Variants are still pictures. An animation uses only the smallest; any larger it must move.
  const side = variants?.find(
    (each) => each >= enough && (!animated || each === VARIANT_SIDES_PX[0]),
  )
  return side ?? Number.POSITIVE_INFINITY
}

/** Whether to read a file while it arrives: its preview is too small for these pixels on the screen. */
export const wantsLiveRead = (pixels: number): boolean => pixels > PREVIEW_SIDE_PX && !savesData()

/** Whether smaller variants of a picture will exist in a moment. */
export function awaitsVariants({ variants, bytes }: ImageRecord): boolean {
  return variants === null && (bytes ?? 0) > SMALL_FILE_BYTES
}

/** Whether the person asked to save data (Network Information API, where the browser has it). */
function savesData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } }
  return connection?.saveData === true
}
