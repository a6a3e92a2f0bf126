import type { Translations } from '../tables.ts'
import { pictures } from './grammar.ts'

export const feed: Translations['feed'] = {
  views: 'العرض',
  yours: 'صورك',
  pictures: 'الصور',
  board: 'اللوحة',
  newestFirst: (n) => `${pictures(n)}، الأحدث أولًا`,
  addYours: 'أضف صورك.',
  ownPictures: 'صورك',
  everybodys: 'على هذه اللوحة',
  showAll: (n) => `عرض الكل (${n})`,
  showFewer: 'عرض أقل',
  onBoard: 'على اللوحة',
  waitsForHost: 'بانتظار المضيف',
  keptHere: 'محفوظة هنا. تُرسل عندما تعود متصلًا.',
  remove: (name) => `إزالة ${name}`,
  retry: (name) => `إعادة إرسال ${name}`,
  unnamed: 'هذه الصورة',
}
