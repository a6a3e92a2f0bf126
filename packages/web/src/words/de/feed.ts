import type { Translations } from '../tables.ts'
import { pictures } from './grammar.ts'

export const feed: Translations['feed'] = {
  views: 'Ansicht',
  pictures: 'Bilder',
  board: 'Board',
  newestFirst: (n) => `${pictures(n)}, die neuesten zuerst`,
}
