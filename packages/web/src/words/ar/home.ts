import type { Translations } from '../tables.ts'
import { apart } from './grammar.ts'

export const home: Translations['home'] = {
  preview: 'أفلت صورة هنا، فيراها كل من على هذه اللوحة فورًا.',
  title: 'لوحاتك',
  find: 'البحث عن لوحة',
  nothing: 'لا توجد لوحة بهذا الاسم.',
  shared: 'يُرجى فتح لوحة لإضافة ما شاركته.',
  join: 'الانضمام برمز',
  rename: (title) => `إعادة تسمية ${apart(title)}`,
  name: (title) => `الاسم الجديد للوحة ${apart(title)}`,
  keepName: 'إعادة التسمية',
  forget: (title) => `إزالة ${apart(title)} من القائمة`,
  forgotten: (title) => `أُزيلت ${apart(title)} من القائمة. اللوحة نفسها باقية لكل من لديه رابطها.`,
  remove: (title) => `حذف ${apart(title)} نهائيًا`,
  askRemove: (title) => `هل تُحذف ${apart(title)} مع كل صورها نهائيًا؟ لن يستطيع أحد إعادتها.`,
  keep: 'إبقاء',
  removed: (title) => `حُذفت ${apart(title)} نهائيًا.`,
  renamed: (title) => `اسمها الآن ${apart(title)}.`,
}
