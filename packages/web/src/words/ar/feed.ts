import type { Translations } from '../tables.ts'
import { pictures } from './grammar.ts'

export const feed: Translations['feed'] = {
  views: 'العرض',
  pictures: 'الصور',
  board: 'اللوحة',
  newestFirst: (n) => `${pictures(n)}، الأحدث أولًا`,
}
