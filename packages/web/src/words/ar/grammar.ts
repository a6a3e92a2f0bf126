import { grammarOf } from '../grammar.ts'

export const { number, plural, list, apart } = grammarOf('ar')

/** As the subject of a sentence. */
export const pictures = (n: number): string =>
  plural(n, { one: 'صورة واحدة', two: 'صورتان', few: '# صور', other: '# صورة' })

/** After a noun, a verb or a preposition. */
export const ofPictures = (n: number): string =>
  plural(n, { one: 'صورة واحدة', two: 'صورتين', few: '# صور', other: '# صورة' })

export const days = (n: number): string =>
  plural(n, { one: 'يوم واحد', two: 'يومين', few: '# أيام', other: '# يومًا' })
