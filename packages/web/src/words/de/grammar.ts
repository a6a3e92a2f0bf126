import { grammarOf } from '../grammar.ts'

export const { number, plural, list, apart } = grammarOf('de')

export const pictures = (n: number): string => plural(n, { one: '1 Bild', other: '# Bilder' })

/** After a preposition such as `mit`. */
export const withPictures = (n: number): string => plural(n, { one: '1 Bild', other: '# Bildern' })

export const days = (n: number): string => plural(n, { one: '1 Tag', other: '# Tage' })

/** Picks the word for one or for several. */
export const ofMany = (n: number, one: string, other: string): string => plural(n, { one, other })
