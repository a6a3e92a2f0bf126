import type { Translations } from '../tables.ts'
import { apart, number, ofPictures, pictures } from './grammar.ts'

export const save: Translations['save'] = {
  board: 'حفظ اللوحة',
  all: 'حفظ كل الصور',
  allHint: (n, size) => `${pictures(n)} في ملف zip واحد، ${apart(size)}، كما أُضيفت.`,
  chosen: (n) => `حفظ ${ofPictures(n)}`,
  chosenHint: 'الصور المحددة في ملف zip واحد.',
  folder: 'الحفظ كمجلد',
  folderHint: 'ملف zip فيه صفحة تعرض هذه اللوحة من دون اتصال.',
  picture: 'حفظ اللوحة بصيغة PNG',
  pictureHint: 'اللوحة كلها كصورة واحدة.',
  print: 'طباعة',
  printHint: 'اللوحة على صفحة واحدة، أو صورها في صفوف على عدة صفحات.',
  nothing: 'لا توجد هنا صورة للحفظ بعد.',

  planning: 'يجري التحضير',
  saving: (sent, total) => `حُفظ ${apart(sent)} من ${apart(total)}`,
  started: 'يجري الحفظ. يُظهر المتصفح مدى التقدم.',
  brokenOff: (sent, total) =>
    `توقف عند ${apart(sent)} من ${apart(total)}. يمكن أن يستمر من تنزيلات المتصفح.`,
  saved: (n) => `تم حفظ ${ofPictures(n)}.`,
  begun: (n, size) => `يجري حفظ ${ofPictures(n)}، ${apart(size)}.`,
  leftOut: (n) => `تعذر الآن حفظ ${ofPictures(n)}. في ملف zip ذكرها والسبب.`,

  drawing: (n, of) => `رُسم ${number(n)} من ${number(of)}`,
  drawn: (width, height) => `حُفظت بحجم ${apart(`${number(width)} × ${number(height)}`)} بكسل.`,
  notDrawn: (n) => `تعذر تحميل ${ofPictures(n)}، فبقيت خارجها.`,
  cannotDraw: 'هذا المتصفح لا يعطي ما يرسمه. يمكن حفظ الصور بدلًا من ذلك.',
  tooLarge: 'لا يتسع هذا المتصفح لصورة كهذه. يمكن حفظ الصور بدلًا من ذلك.',
  printing: (n, of) => `حُمّل ${number(n)} من ${number(of)}`,
}
