/** The colour tokens of people, in the order of their numbers (docs/look.md). */
const COLOURS = ['cobalt', 'teal', 'green', 'olive', 'ochre', 'plum', 'rose', 'slate'] as const

/** Returns the CSS colour of a person's number. */
export const colourToken = (colour: number): string => `var(--${COLOURS[colour]})`

/** Returns the first letter of a name in any script. */
export const initialOf = (name: string): string =>
  (/^\P{M}\p{M}*/u.exec(name.trim())?.[0] ?? '').toLocaleUpperCase()
