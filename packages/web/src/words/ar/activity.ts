import type { AuditAct, AuditEntry } from '@wirephoto/board'
import type { Translations } from '../tables.ts'
import { apart, days, list, number, ofPictures, pictures } from './grammar.ts'

export const activity: Translations['activity'] = {
  hint: 'من فعل ماذا على هذه اللوحة، لمالكيها وحدهم.',
  empty: 'لا شيء يُذكر بعد.',
  emptyHint: 'هنا يظهر ما يُضاف ويُحذف ويُغيَّر.',
  entries: 'ما جرى',
  earlier: 'الأقدم',
  again: 'المحاولة مجددًا',
  loading: 'يجري جلب القائمة.',
  somebody: 'شخص ما',
  you: 'أنت',
  openLarge: (name) => `فتح بحجم كبير: ${apart(name)}`,
  further: (n) => `و${number(n)} أخرى`,
  told: (by, { act, count, settings = {}, link }: AuditEntry) => {
    const n = ofPictures(count)
    const who = apart(by)
    const named = link
      ? `الرابط ${ROLE_WORDS[link.role]}${link.label && ` «${apart(link.label)}»`}`
      : ''
    const acts: Record<AuditAct, string> = {
      add: `${who}: إضافة ${n}.`,
      remove: `${who}: حذف ${n}.`,
      replace: `${who}: ملف آخر، ${n}.`,
      restore: `${who}: إعادة ${n}.`,
      purge: `${who}: طلب حذف ${n} نهائيًا.`,
      keep: `${who}: إبقاء ${n} في سلة المهملات.`,
      erase: `حُذفت نهائيًا: ${pictures(count)}.`,
      approve: `${who}: قبول ${n} على اللوحة.`,
      refuse: `${who}: رفض ${n}.`,
      settings: `${who}: ${list(settingsTold(settings))}.`,
      'link-made': `${who}: إنشاء ${named}.`,
      'link-changed': `${who}: تغيير ${named}.`,
      'link-renewed': `${who}: تجديد ${named}. انتهى الرابط القديم.`,
      'link-revoked': `${who}: إلغاء ${named}.`,
      access: `${who}: تغيير من يمكنه دخول هذه اللوحة.`,
      closed: `${who}: إغلاق هذه اللوحة إلا أمام روابطها.`,
      came: `${who}: دخول عن طريق ${named || 'رمز'}.`,
    }
    return acts[act]
  },
}

const ROLE_WORDS = {
  view: 'للمشاهدة',
  add: 'للإضافة',
  edit: 'للتعديل',
  own: 'للإدارة',
} as const

const ADDING_WORDS = {
  open: 'السماح للضيوف بالإضافة',
  held: 'جعل صور الضيوف تنتظر',
  paused: 'إيقاف إضافة الضيوف',
} as const

function settingsTold({
  title,
  trashDays,
  keepMetadata,
  adding,
}: AuditEntry['settings'] & {}): string[] {
  const told: string[] = []
  if (title !== undefined)
    told.push(title === '' ? 'إزالة اسم اللوحة' : `تسمية اللوحة «${apart(title)}»`)
  if (trashDays !== undefined) told.push(`ضبط سلة المهملات على ${days(trashDays)}`)
  if (keepMetadata !== undefined)
    told.push(keepMetadata ? 'إبقاء ما تقوله ملفات الصور' : 'إبقاء الصورة وحدها من كل ملف')
  if (adding !== undefined) told.push(ADDING_WORDS[adding])
  return told.length > 0 ? told : ['تغيير الإعدادات']
}
