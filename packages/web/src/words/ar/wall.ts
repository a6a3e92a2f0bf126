import type { Translations } from '../tables.ts'
import { apart, plural } from './grammar.ts'

export const wall: Translations['wall'] = {
  title: (title) => `${apart(title) || 'Wirephoto'}، على شاشة العرض`,
  empty: 'لا شيء هنا بعد. تظهر الصور حين يضيفها أحد.',
  codeFor: (address) => `رمز يؤدي إلى ${apart(address)}`,
  scanToAdd: 'امسح الرمز لإضافة صورك',
  scanToSee: 'امسح الرمز لرؤيتها كلها',
  scanToBegin: 'امسح الرمز لإضافة الأولى',
  reconnecting: 'يُعاد الاتصال',

  settings: 'هذه الشاشة',
  quietView: 'ما دام لا يأتي جديد',
  mosaic: 'فسيفساء',
  orders: {
    newest: 'الأحدث أولًا',
    oldest: 'الأقدم أولًا',
    shuffled: 'بلا ترتيب',
  },
  slots: 'قنوات مباشرة بدل كل الصور',
  noFrame: (name) => `لا يصل شيء من ${apart(name)}`,
  pace: 'مدة كل صورة',
  seconds: (n) =>
    plural(n, { one: 'ثانية واحدة', two: 'ثانيتان', few: '# ثوانٍ', other: '# ثانية' }),
  fullScreen: 'ملء الشاشة',
  leaveFullScreen: 'إنهاء ملء الشاشة',
  keys: 'المفاتيح: S يغيّر العرض، و+ و− السرعة، وF ملء الشاشة.',
}
