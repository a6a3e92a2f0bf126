import type { Translations } from '../tables.ts'
import { apart, pictures, plural } from './grammar.ts'

export const share: Translations['share'] = {
  loading: 'يجري سؤال الخادم عمّن يُسمح له.',
  again: 'المحاولة مجددًا',

  theyCan: 'يمكنهم',
  roles: { view: 'المشاهدة', add: 'الإضافة', edit: 'التعديل', own: 'الإدارة' },
  rights: {
    view: 'يرون الصور حين تأتي، ولا يغيرون شيئًا.',
    add: 'يضيفون صورًا. ولا يحركون أو يعلّقون أو يحذفون إلا صورهم.',
    edit: 'يحركون ويعلّقون ويحذفون صور الجميع أيضًا.',
    own: 'يفعلون كل ما تستطيع، وقد يأخذون اللوحة منك.',
  },
  link: 'الرابط',
  codeFor: (url) => `رمز يفتح ${apart(url)}`,
  copied: 'نُسخ',
  copyShort: 'نسخ',
  shareBy: 'مشاركة…',
  printCard: 'طباعة بطاقة طاولة',
  noSecret:
    'أُنشئ هذا الرابط في متصفح آخر يحتفظ به. يمكن تجديده هنا: ينشأ رابط جديد، وينتهي القديم.',
  noLink: 'لا يوجد رابط كهذا.',
  makeIt: 'إنشاء هذا الرابط',
  openBoard: 'من لديه هذا العنوان يستطيع رؤية هذه اللوحة وتغييرها.',
  closeBoard: 'فتحها بالروابط فقط',
  closeBoardHint: 'يبقى عنوانها. من هم هنا سواك يحتاجون إلى رابط من بعدها.',
  yourLink: 'هذا هو الرابط الذي دخلت به. من لديه هذا الرابط يستطيع هنا ما تستطيع.',
  askForLink: 'لدى من يدير هذه اللوحة رابط يمكن إعطاؤه.',
  onlyHere:
    'لا يستطيع أحد غيرك فتح هذا الرابط: يؤدي إلى هذا الحاسوب. إذا شُغّل الخادم مع ‎--lan‎ استطاع الآخرون على شبكتك.',
  forOthers: (url) => `لا يستطيع الآخرون فتح localhost، لذلك يبدأ هذا الرابط بـ ${apart(url)}.`,

  wall: 'شاشة العرض',
  wallAddress: 'عنوان شاشة العرض',
  openThisWall: 'فتح هذه الشاشة',
  copyWall: 'نسخ عنوان شاشة العرض',
  wallHint: 'إذا فُتح هذا العنوان على شاشة أخرى ظهر العرض هناك.',
  wallNeedsLink:
    'الشاشة التي لم تكن على هذه اللوحة تحتاج أولًا إلى رابط للمشاهدة. ليس لدى هذا المتصفح رابط كهذا.',

  links: 'الروابط',
  names: { view: 'المشاهدة', add: 'الإضافة', edit: 'التعديل', own: 'إدارة اللوحة' },
  uses: (n) =>
    n === 0
      ? 'لا أحد بعد'
      : plural(n, { one: 'متصفح واحد', two: 'متصفحان', few: '# متصفحات', other: '# متصفحًا' }),
  used: (n, size) => `${pictures(n)}، ${apart(size)}`,
  elsewhere: 'أُنشئ في متصفح آخر',
  copy: (name) => `نسخ الرابط ${apart(name)}`,
  renew: 'تجديد',
  renewNamed: (name) => `تجديد الرابط ${apart(name)}`,
  renewHint: 'التجديد ينشئ رابطًا جديدًا؛ وينتهي القديم مع كل من دخل به.',
  renewed: 'هذا هو الرابط الجديد. انتهى القديم.',
  revoke: 'إلغاء',
  revokeNamed: (name) => `إلغاء الرابط ${apart(name)}`,
  askRevoke: (name, n) =>
    `هل يُلغى الرابط ${apart(name)}؟ ${
      n === 0
        ? 'لن يستطيع أحد الدخول به.'
        : plural(n, {
            one: 'المتصفح الذي دخل به يخرج فورًا.',
            two: 'المتصفحان اللذان دخلا به يخرجان فورًا.',
            few: '# متصفحات دخلت به تخرج فورًا.',
            other: '# متصفحًا دخلت به تخرج فورًا.',
          })
    }`,
  keep: 'إبقاؤه',
  revoked: (name) => `انتهى الرابط ${apart(name)}.`,
  newLink: 'رابط آخر',
  newLinkFor: 'لمن؟ أنت وحدك ترى هذا.',
  newLinkRole: 'ما يمكنهم فعله',
  newLinkSite: 'لصفحات موقع واحد',
  newLinkSiteHint: `مثل ${apart('https://site.example')}، ويُترك فارغًا إن لم يكن هناك موقع. من يشغّل هذا الخادم يسمح للموقع بالطلب عبر ${apart('--allow-origin')}.`,
  noSite: `يُرجى كتابة موقع بلا مسار، مثل ${apart('https://site.example')}.`,
  onlyAt: (origin) => `في ${apart(origin)} فقط`,
  make: 'إنشاء الرابط',

  scripts: 'للبرامج النصية',
  scriptsHint: 'تفعل ما يفعله هذا الرابط. يُحفظ مثل كلمة السر.',
  noScripts: 'يُرجى اختيار رابط لدى هذا المتصفح.',
  curl: 'curl',
  python: 'Python',
  copyCode: (name) => `نسخ الأسطر الخاصة بـ ${apart(name)}`,

  door: 'من يدخل',
  passphrase: 'كلمة السر',
  passphraseHint: 'تُطلب مع الرابط.',
  hasPassphrase: 'توجد واحدة. لتغييرها تُكتب أخرى.',
  setPassphrase: 'تعيين',
  removePassphrase: 'إزالة',
  passphraseSet: 'من الآن تطلب اللوحة كلمة السر هذه.',
  passphraseRemoved: 'لم تعد اللوحة تطلب كلمة سر.',
  closesAt: 'تُغلق في نهاية',
  closesAtHint: 'بعد ذلك لا تُفتح اللوحة إلا لمالكيها. الفارغ يعني أبدًا.',
  closesSet: (day) => `تُغلق اللوحة في نهاية ${apart(day)}.`,
  closesNever: 'تبقى اللوحة مفتوحة.',
  wallLink: 'تدعو شاشات العرض بـ',
  wallLinkNone: 'لا رابط',
  wallLinkHint: 'تُظهر شاشة العرض رمزًا لهذا الرابط، يتغير كل عشر دقائق.',
  wallLinkSet: (name) => `تدعو شاشات العرض بالرابط ${apart(name)}.`,
  wallLinkUnset: 'شاشات العرض لا تدعو أحدًا.',

  cardLabel: 'بطاقة طاولة',
  cardTitle: 'أضف صورك',
  cardHint: 'وجّه الكاميرا نحو الرمز. لا تطبيق ولا حساب.',
}
