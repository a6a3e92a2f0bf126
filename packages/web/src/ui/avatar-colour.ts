/** The tokens of people's colours. */
const COLOURS = ['cobalt', 'teal', 'green', 'olive', 'ochre', 'plum', 'rose', 'slate'] as const

/** The same for everybody and for ever: by the visitor's id, FNV-1a. */
export function avatarColour(visitor: string): string {
  let hash = 0x811c9dc5
  for (const character of visitor)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return `var(--${COLOURS[(hash >>> 0) % COLOURS.length]})`
}

/** The first letter of a name, whatever the script. */
export const initialOf = (name: string): string =>
  (/^\P{M}\p{M}*/u.exec(name.trim())?.[0] ?? '').toLocaleUpperCase()
