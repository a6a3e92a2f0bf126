import type { SeenBy } from '@wirephoto/client'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'

/** Returns who has seen a picture, as one sentence for screen readers. */
export function describe(
  seenBy: SeenBy | undefined,
  nameOf: (visitor: string) => string,
): string | undefined {
  if (!seenBy) return undefined
  return `${overlayWords.seenBy(seenBy.viewers.length, othersOf(seenBy))}: ${namesOf(seenBy, nameOf)}`
}

/** Counts the visitors who could have seen a picture. Some who did may have left since. */
export const othersOf = ({ viewers, otherCount }: SeenBy): number =>
  Math.max(otherCount, viewers.length)

/** Lists the visitors who have seen a picture, with the time that each one waited. */
export const namesOf = ({ viewers }: SeenBy, nameOf: (visitor: string) => string): string =>
  viewers
    .map(({ visitor, name, milliseconds }) => {
      return `${name || nameOf(visitor) || words.guest} ${overlayWords.milliseconds(milliseconds)}`
    })
    .join(', ')
