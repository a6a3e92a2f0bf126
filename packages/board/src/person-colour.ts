/** The number of colours by which people are told apart. */
export const PERSON_COLOUR_COUNT = 8

/**
 * Returns a visitor's colour, as a number below `PERSON_COLOUR_COUNT`: by a hash of the id (FNV-1a), or the next
 * one that isn't taken. When all are taken, it is the one by the hash.
 */
export function personColour(visitor: string, taken: ReadonlySet<number> = new Set()): number {
  let hash = 0x811c9dc5
  for (const character of visitor)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  const first = (hash >>> 0) % PERSON_COLOUR_COUNT
  for (let i = 0; i < PERSON_COLOUR_COUNT; i++) {
    const colour = (first + i) % PERSON_COLOUR_COUNT
    if (!taken.has(colour)) return colour
  }
  return first
}
