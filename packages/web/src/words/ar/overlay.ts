import type { Translations } from '../tables.ts'
import { apart, list, number, ofPictures, pictures, plural } from './grammar.ts'

const by = (name: string): string => apart(name) || 'شخص ما'

export const overlay: Translations['overlay'] = {
  copyView: 'نسخ رابط هذا العرض',
  activity: 'السجل',
  sendToBack: 'إلى الخلف',
  larger: 'أكبر',
  smaller: 'أصغر',
  shownOnScreens: 'تُعرض على كل شاشات هذه اللوحة.',
  needsFastConnection: 'لا يعمل ذلك عبر اتصال بطيء.',
  live: (seconds) => `مباشر · ${seconds} ث`,
  lastFrame: (time) => `آخر صورة ${time}`,
  filmstrip: 'شريط الصور',
  earlierFile: 'استعادة الملف السابق',
  captionOf: (name) => `تعليق على ${apart(name)}`,
  captionPrompt: 'ماذا يظهر في الصورة؟',
  notSent: 'لم تُرسل',
  remove: 'إزالة',
  newVersion: 'وصلت نسخة جديدة من هذه الصفحة. يمكن إعادة تحميلها في أي وقت.',
  notKept:
    'هذا المتصفح لا يحفظ بيانات المواقع. يُرجى إبقاء الصفحة مفتوحة حتى يعود الاتصال: ما لم يُرسل يضيع معها.',
  metadataKept: 'الصور الجديدة هنا تحتفظ بمكان التقاطها ووقته والكاميرا.',
  metadataKeptNow: 'من الآن تحتفظ هذه اللوحة بمكان التقاط الصور ووقته والكاميرا.',
  metadataScrubbedNow: 'من الآن تُحفظ الصورة وحدها. الصور الموجودة هنا تبقى كما هي.',
  obstacles: {
    between: 'شيء بينك وبين الخادم يجيب مكانه. تستمر المحاولة حتى يتم الوصول.',
    'small-requests': 'شيء بينك وبين الخادم يقبل الطلبات الصغيرة فقط. يجري الإرسال في أجزاء صغيرة.',
  },
  newPictures: (n) => plural(n, { other: '# جديدة' }),
  goToNew: 'الانتقال إلى الجديد',
  stored: (n, all) => `${number(n)} من ${number(all)}`,

  you: 'أنت',
  waiting: 'تنتظر دورها',
  waitingForConnection: (name) =>
    name === null ? 'بانتظار اتصالك' : `بانتظار اتصال ${apart(name)}`,
  waitingForServer: 'بانتظار الخادم',
  retrying: (seconds) => (seconds > 0 ? `محاولة جديدة بعد ${number(seconds)} ث` : 'محاولة جديدة'),
  heldUp: 'متوقفة في الطريق',
  seenBy: (n, of) => `شاهدها ${number(n)} من ${number(of)}`,
  milliseconds: (ms) => (ms < 1000 ? `${number(ms)} م.ث` : `${number(ms / 1000)} ث`),

  refused: (names, total, areNoPictures) =>
    areNoPictures
      ? `${number(names.length)} من ${number(total)} من الملفات ليست صورًا: ${listOf(names)}.`
      : `${number(names.length)} من ${number(total)} من الملفات لا تمكن إضافتها: ${listOf(names)}.`,
  unreadable: (names) => `لا تمكن قراءة ${listOf(names)}.`,
  emptyFolder: 'لا توجد صورة في هذا المجلد.',
  moreRefused: (n) =>
    plural(n, {
      one: 'ملف واحد آخر لا تمكن إضافته.',
      two: 'ملفان آخران لا تمكن إضافتهما.',
      few: '# ملفات أخرى لا تمكن إضافتها.',
      other: '# ملفًا آخر لا تمكن إضافتها.',
    }),
  fetching: (n) => (n === 1 ? 'يجري جلب الصورة.' : `يجري جلب ${ofPictures(n)}.`),
  goesOn: (seconds) =>
    `الصور تأتي أسرع مما تقبله هذه اللوحة. صورك تستمر بعد ${plural(seconds, { one: 'ثانية واحدة', two: 'ثانيتين', few: '# ثوانٍ', other: '# ثانية' })}.`,
  noPicture: 'لا توجد صورة في ذلك. يمكن إضافة ملف أو عنوان صورة.',
  ownAddress: 'هذه الصورة لم تعد هنا. يُرجى نسخ صورة أخرى.',
  shownToAll: 'تُعرض على الجميع هنا ولا تُحفظ.',
  closedPicture: 'هذه الصورة لا تُعرض إلا في صفحتها. يُرجى حفظها هناك وإضافة الملف.',

  sharedWait: (n) =>
    n === 1 ? 'صورة شاركتها ليست على أي لوحة بعد.' : `${pictures(n)} شاركتها ليست على أي لوحة بعد.`,
  addHere: 'إضافة هنا',
  notShared: 'تعذّر حفظ ما شاركته. يمكن إضافته هنا بالزر.',

  deletedByOther: {
    captioned: (name) => `${by(name)} حذف الصورة التي كنت تكتب تعليقها.`,
    moved: (name, n) => `${by(name)} حذف ${ofPictures(n)} كنت تحركها.`,
    selected: (name, n) => `${by(name)} حذف ${ofPictures(n)} كنت قد حددتها.`,
    changed: (name, n) => `${by(name)} حذف ${ofPictures(n)} كنت قد غيّرتها.`,
    any: (name, n) => `${by(name)} حذف ${ofPictures(n)}.`,
  },
  markedByOther: (name, n, ofYours) =>
    ofYours
      ? `${by(name)} يحذف ${n === 1 ? 'صورتك' : `${ofPictures(n)} من صورك`} نهائيًا.`
      : `${by(name)} يحذف ${ofPictures(n)} نهائيًا.`,
  callOff: 'إيقاف',
  overtaken: (n) => `غيّر شخص ما أو حذف ${ofPictures(n)} في هذه الأثناء. تبقى كما هي.`,
  settingsOvertaken: 'غيّر شخص ما إعدادات اللوحة في هذه الأثناء. تبقى كما هي.',

  here: (n) =>
    n === 1
      ? 'أنت وحدك هنا'
      : plural(n, { two: 'شخصان هنا', few: '# أشخاص هنا', other: '# شخصًا هنا' }),
  further: (n) => `+${number(n)}`,
  alone: 'لا أحد غيرك هنا.',
  askName: 'يظهر اسمك مع صورك.',
  keepName: 'تم',
  skip: 'من دون اسم',

  answeredBetween: 'شيء بينك وبين الخادم أجاب مكانه. يُرجى المحاولة بعد لحظة.',

  linkCopied: 'نُسخ الرابط.',
  viewCopiedWithoutLink:
    'نُسخ الرابط. يفتح هذا العرض لمن لديه رابط إلى هذه اللوحة: ليس لدى هذا المتصفح رابط يعطيه.',
  pasteByKey: (key) => `لا تمكن قراءة الحافظة هنا. للصق يُضغط ${apart(key)}.`,
  paste: 'لصق',
  linesCopied: 'نُسخت الأسطر.',
  linkMade: 'أُنشئ الرابط.',
  linkCopiedFor: (url) =>
    `نُسخ الرابط. يبدأ بـ ${apart(url)} لأن الآخرين لا يستطيعون فتح localhost.`,
  linkCopiedHere:
    'نُسخ الرابط. لا يفتحه إلا هذا الحاسوب. للآخرين يُشغَّل الخادم مع ‎--lan‎ أو ‎--public-url‎.',
  picturesCopied: (n) =>
    n === 1
      ? 'نُسخت الصورة.'
      : `تم نسخ ${ofPictures(n)}. تُلصق هنا كلها؛ والبرامج الأخرى تأخذ الأولى.`,
  picturesNotCopied: (n) =>
    n === 1
      ? 'تعذر نسخ الصورة. نُسخ رابطها بدلًا منها.'
      : `تعذر نسخ ${ofPictures(n)}. نُسخت روابطها بدلًا منها.`,
  pictureLinksCopied: (n) =>
    n === 1
      ? 'لا تُنسخ الصور إلا في صفحات https. نُسخ رابطها بدلًا منها.'
      : `لا تُنسخ الصور إلا في صفحات https. نُسخت روابط ${ofPictures(n)} بدلًا منها.`,
  copyByHand: (link) => `هذا هو الرابط للنسخ: ${apart(link)}`,
  notStoredYet: (n) => `لم تصل بعد: ${pictures(n)}. يُرجى المحاولة بعد لحظة.`,
}

/** Lists names: all of three, else two and the number of the others. */
const listOf = (names: readonly string[]): string =>
  list(
    names.length > 3
      ? [...names.slice(0, 2).map(apart), `${number(names.length - 2)} أخرى`]
      : names.map(apart),
  )
