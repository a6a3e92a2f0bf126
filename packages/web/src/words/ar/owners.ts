import type { Translations } from '../tables.ts'
import { apart } from './grammar.ts'

export const owners: Translations['owners'] = {
  ofServer: 'المتصفحات التي تملك هذا الخادم',
  ofBoard: 'المتصفحات التي تدير هذه اللوحة',
  loading: 'يجري سؤال الخادم.',
  hint: 'هنا يُخرَج ما ضاع أو لم يعد معروفًا.',
  device: (browser, system) =>
    browser && system
      ? `${apart(browser)} على ${apart(system)}`
      : browser || system || 'متصفح أو برنامج',
  thisOne: 'هذا المتصفح',
  end: 'إخراج',
  endNamed: (name) => `إخراج ${apart(name)}`,
  ended: 'تم إخراجه.',
  endedByLink: 'تم إخراجه. يمكنه العودة برابطه إلى أن يُجدَّد.',

  you: 'أنت، في هذا المتصفح',
  ownsUntil: (time) => `يملك هذا المتصفح الخادم حتى ${apart(time)}.`,
  signOut: 'تسجيل الخروج',
  signedOut: 'لم يعد هذا المتصفح يملك الخادم.',
  cameByLink: 'دخل هذا المتصفح برابط، أو أنشأ هذه اللوحة.',
  leave: 'مغادرة هذه اللوحة',
  askLeave: 'هل تغادر هذه اللوحة؟ ينساها المتصفح مع الروابط التي يحفظها لها. لا عودة إلا برابط.',
  stay: 'البقاء',
}
