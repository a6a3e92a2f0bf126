import { inLanguage } from './language.ts'

/** The sentences of the feed, loaded with it. */
export const feedWords = inLanguage('feed', {
  views: 'View',
  pictures: 'Pictures',
  board: 'Board',
  newestFirst: (n: number): string => `${pictures(n)}, newest first`,
})

const pictures = (n: number): string => (n === 1 ? '1 picture' : `${n} pictures`)
