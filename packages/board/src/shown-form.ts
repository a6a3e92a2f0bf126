import { isShown } from './media-types.ts'
import { type ImageRecord, STAND_IN_SIDE_PX } from './records.ts'

/**
 * Returns the form in which a stored picture is handed to browsers: its original, or its stand-in (V5). Null
 * while it has neither. Every door asks here: the page, the wall, the file's address, the tutorials' pages.
 */
export function shownForm({
  blob,
  type,
  variants,
}: Pick<ImageRecord, 'blob' | 'type' | 'variants'>): 'original' | typeof STAND_IN_SIDE_PX | null {
  if (blob === null) return null
  if (variants?.includes(STAND_IN_SIDE_PX)) return STAND_IN_SIDE_PX
  return type === null || isShown(type) ? 'original' : null
}
