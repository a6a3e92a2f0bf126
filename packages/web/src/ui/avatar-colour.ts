/** The colour tokens of people (docs/look.md). */
const COLOURS = ['cobalt', 'teal', 'green', 'olive', 'ochre', 'plum', 'rose', 'slate'] as const

/** Picks a visitor's colour by a hash of the id (FNV-1a), so that everybody sees the same one. */
export function avatarColour(visitor: string): string {
  let hash = 0x811c9dc5
  for (const character of visitor)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return `var(--${COLOURS[(hash >>> 0) % COLOURS.length]})`
}

/** Returns the first letter of a name in any script. */
export const initialOf = (name: string): string =>
  (/^\P{M}\p{M}*/u.exec(name.trim())?.[0] ?? '').toLocaleUpperCase()
