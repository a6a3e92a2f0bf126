import { cleanName, errors, type WireError } from '@wirephoto/board'
import type { Toasts } from '../state/toasts.ts'
import { messageOf } from '../words/language.ts'
import { overlayWords } from '../words/overlay.ts'
import type { Refused } from './file-type.ts'

/** If more files of a drop are refused, or several of a folder, one sentence sums them up. */
const SINGLY_TOLD_COUNT = 2

/** Says which of `total` files can't be added. */
export function tellRefused(
  refused: Refused,
  total: number,
  way: 'singly' | 'summed',
  toasts: Toasts,
): void {
  if (refused.size <= (way === 'summed' ? 1 : SINGLY_TOLD_COUNT))
    for (const why of refused.values()) toasts.warn(messageOf(why))
  else {
    const names = Array.from(refused.keys(), ({ name }) => cleanName(name))
    const areNoPictures = refused.values().every(isNoPicture)
    toasts.warn(overlayWords.refused(names, total, areNoPictures))
  }
}

/** Whether the file is something else: a camera's raw is a picture that isn't taken. */
const isNoPicture = ({ code }: WireError): boolean =>
  errors[code] === errors['not-a-picture'] && code !== 'camera-file' && code !== 'other-format'
