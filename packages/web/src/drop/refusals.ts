import { errors, type WireError } from '@wirephoto/board'
import type { Toasts } from '../state/toasts.ts'
import { messageOf } from '../words/language.ts'
import { overlayWords } from '../words/overlay.ts'

/** If more files of a drop are refused, or several of a folder, one sentence sums them up. */
const SINGLY_TOLD_COUNT = 2

export interface Refused {
  readonly name: string
  readonly why: WireError
}

/** Says which of `total` files can't be added. */
export function tellRefused(
  refused: readonly Refused[],
  total: number,
  way: 'singly' | 'summed',
  toasts: Toasts,
): void {
  if (refused.length <= (way === 'summed' ? 1 : SINGLY_TOLD_COUNT))
    for (const { why } of refused) toasts.warn(messageOf(why))
  else {
    const names = refused.map(({ name }) => name)
    const areNoPictures = refused.every(({ why }) => isNoPicture(why))
    toasts.warn(overlayWords.refused(names, total, areNoPictures))
  }
}

/** Whether the file is something else: a camera's raw is a picture that isn't taken. */
const isNoPicture = ({ code }: WireError): boolean =>
  errors[code] === errors['not-a-picture'] && code !== 'camera-file' && code !== 'other-format'
