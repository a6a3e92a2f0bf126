import { type ImageRecord, limits, VARIANT_SIDES_PX, variantSidesOf } from '@wirephoto/board'
import { blobUrl } from '@wirephoto/client'

/**
 * Returns the longest side to load for so many pixels on the screen: a variant's, or Infinity for the
 * file itself. Returns one size smaller if the person asked to save data.
 */
export function sideFor(
  { variants, animated }: Pick<ImageRecord, 'variants' | 'animated'>,
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

/** Whether a variant with so many pixels will exist in a moment, so that the file needn't be loaded. */
export const awaitsVariant = (record: ImageRecord, pixels: number): boolean =>
  record.variants === null &&
  sideFor({ ...record, variants: variantSidesOf(record) }, pixels) < Number.POSITIVE_INFINITY

/**
 * Returns the address of a stored picture with so many pixels; null while it arrives, and while its variant
 * is being made.
 */
export const variantUrl = (
  board: { readonly url: string; readonly id: string },
  record: ImageRecord,
  pixels: number,
): string | null => (awaitsVariant(record, pixels) ? null : blobUrl(board, record, pixels))

/** Whether a preview of this picture has so many pixels, or all that the picture has. */
export const isPreviewEnough = ({ width, height }: ImageRecord, pixels: number): boolean =>
  Math.min(limits.previewSidePx, Math.max(width, height)) >= pixels ||
  Math.max(width, height) <= limits.previewSidePx

/** Whether to load more of an arriving picture: its preview is too small for these pixels on the screen. */
export const wantsMoreThanPreview = (pixels: number): boolean =>
  pixels > limits.previewSidePx && !savesData()

/** Whether the person asked to save data (Network Information API, where the browser has it). */
export function savesData(): boolean {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } }
  return connection?.saveData === true
}
