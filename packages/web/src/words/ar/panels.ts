import type { Translations } from '../tables.ts'
import { apart, number, ofPictures, pictures, plural } from './grammar.ts'

export const panels: Translations['panels'] = {
  lightbox: (name) => `${apart(name) || 'صورة'}، بحجم كبير`,
  previous: 'الصورة السابقة',
  next: 'الصورة التالية',
  position: (n, of) => `${number(n)} من ${number(of)}`,
  pixels: (width, height) => apart(`${number(width)} × ${number(height)}`),
  wasDeleted: 'حُذفت هذه الصورة.',
  addCaption: 'إضافة تعليق',
  from: (site) => `من ${apart(site)}`,

  filmstripOf: (name) => `شريط صور ${apart(name)}`,
  frame: 'الصورة',
  play: 'تشغيل',
  pause: 'إيقاف مؤقت',
  showEverybody: 'عرض للجميع',
  oneFrame: 'حُفظت صورة واحدة حتى الآن. يظهر الشريط حين تصبح أكثر.',

  trashHint: 'تبقى الصور المحذوفة هنا، للجميع، حتى تنتهي مدتها.',
  trashEmpty: 'سلة المهملات فارغة.',
  trashEmptyHint: 'ما يُحذف تمكن إعادته من هنا.',
  trashed: (n) => `${pictures(n)} في سلة المهملات`,
  chooseAll: 'تحديد الكل',
  chooseNone: 'إلغاء التحديد',
  chosen: (n) => `تم تحديد ${number(n)}`,
  putBack: 'إعادة',
  didPutBack: (n) => `تمت إعادة ${ofPictures(n)}.`,
  deleteForGood: 'حذف نهائي',
  emptyTrash: 'إفراغ السلة',
  askForGood: (n) =>
    n === 1
      ? 'هل تُحذف هذه الصورة نهائيًا؟ يمكن إيقاف ذلك لبعض الوقت، ثم لا يستطيع أحد إعادتها.'
      : `هل تُحذف ${pictures(n)} نهائيًا؟ يمكن إيقاف ذلك لبعض الوقت، ثم لا يستطيع أحد إعادتها.`,
  keep: 'إبقاء',
  goForGood: (n) =>
    n === 1 ? 'ستُحذف هذه الصورة نهائيًا قريبًا.' : `ستُحذف ${pictures(n)} نهائيًا قريبًا.`,
  didKeep: (n) => `تم إبقاء ${ofPictures(n)} في سلة المهملات.`,
  goneIn: (ms) => (ms > 0 ? `تُحذف بعد ${timeLeft(ms)}` : 'تُحذف بعد لحظة'),
  daysLeft: (days) =>
    days < 1
      ? 'تُحذف اليوم'
      : plural(days, {
          one: 'بقي يوم واحد',
          two: 'بقي يومان',
          few: 'بقيت # أيام',
          other: 'بقي # يومًا',
        }),
  trashDaysBefore: 'الحذف النهائي بعد',
  trashDays: 'الأيام في سلة المهملات',
  trashDaysAfter: 'من الأيام',

  boardsHint: 'اللوحات التي كان هذا المتصفح عليها.',
  boardsForgotten: 'هذا المتصفح لا يحفظ قائمة. تبقى هذه هنا ما دامت الصفحة مفتوحة.',
  hereNow: 'أنت هنا',

  serverBoards: 'كل لوحات هذا الخادم',
  pictures: (n) => pictures(n),
  opensByAddress: 'تُفتح بعنوانها',
  moreBoards: 'لوحات أخرى',
  askingServer: 'يجري سؤال الخادم.',
  closeBoard: 'إغلاق',
  boardClosed: (title) => `لا تُفتح ${apart(title)} الآن إلا بالروابط. يمكن فتحها لمشاركتها.`,
  deleteThisBoard: 'حذف هذه اللوحة',
  askDeleteBoard: (n) =>
    `هل تُحذف هذه اللوحة مع ${n === 0 ? 'كل ما كان عليها' : ofPictures(n)} نهائيًا؟ لن يستطيع أحد إعادتها.`,
  boardDeleted: (title) => `حُذفت ${apart(title)} نهائيًا.`,
  ownerCode: 'رمز المالك',
  ownerCodeHint:
    'كل اللوحات لمالك هذا الخادم. يظهر الرمز عند تشغيله، ويعرضه أيضًا الأمر ‎wirephoto owner-code‎.',
  enterCode: 'دخول',

  look: 'المظهر',
  looks: { system: 'مثل النظام', light: 'طاولة الضوء', dark: 'الغرفة المظلمة' },
  lookHint: 'في هذا المتصفح فقط.',
  language: 'اللغة',
  languages: { '': 'تلقائي', en: 'English', de: 'Deutsch', ar: 'العربية' },
  languageHint: 'كما يطلب المتصفح، أو كما يُختار له. تُحمَّل الصفحة مجددًا.',
  thisBoard: 'هذه اللوحة، للجميع',
  keepMetadata: 'الاحتفاظ بما تقوله الملفات',
  keepMetadataHint:
    'تحتفظ الصور الجديدة بمكان التقاطها ووقته والكاميرا، لكل من ينزّلها. وإلا تُحفظ الصورة وحدها.',

  keysPictures: 'الصور',
  keysView: 'العرض',
  keysBoard: 'اللوحة',
  gestures: [
    ['سحب صورة', 'يحركها مع كل ما هو محدد'],
    ['سحب الأرضية', 'يحدد ما يلمسه المربع؛ ومع المسافة ينقل العرض'],
    ['السحب مع Alt', 'يضع نسخة حيث تُترك'],
    ['العجلة', 'تنقل العرض؛ ومع Ctrl تكبّره'],
    ['النقر مع Shift', 'يضيف إلى التحديد'],
    ['النقر المزدوج', 'يفتح بحجم كبير'],
    ['النقر الأيمن أو Shift F10', 'يفتح قائمة الصور أو الأرضية'],
    ['الأسهم', 'تنتقل من صورة إلى صورة، أو تحرك المحدد'],
    ['المسافة', 'تحدد الصورة التي عليها التركيز'],
    ['Tab', 'ينتقل إلى الصور، ثم إلى الأزرار'],
    ['Esc', 'ينهي ما يجري، ثم التحديد'],
  ],
  fingers: [
    ['النقر', 'يفتح بحجم كبير'],
    ['الضغط المطول', 'يحدد صورة ويفتح قائمتها أو قائمة الأرضية'],
    ['إصبعان', 'للتكبير'],
  ],
  large: [
    ['+ − 0', 'تكبير وتصغير والعودة إلى الصورة كاملة'],
    ['العجلة أو النقر المزدوج', 'تكبير عند الموضع؛ والسحب بعدها ينقل الصورة'],
    ['إصبعان أو نقرتان', 'تكبير عند الموضع'],
    ['الأسهم', 'تنتقل إلى الصورة التالية، أو تنقل الصورة المكبرة'],
    ['السحب بالإصبع', 'جانبًا إلى الصورة التالية، وإلى الأسفل للإغلاق'],
    ['C', 'يكتب تعليق الصورة'],
  ],
  inLarge: 'صورة واحدة بحجم كبير',
  byMouse: 'الفأرة ولوحة المفاتيح',
  byTouch: 'اللمس',

  palettePrompt: 'ماذا تريد أن تفعل؟',
  paletteNothing: 'لا شيء بهذا الاسم.',
}

const timeLeft = (ms: number): string =>
  ms > 90_000 ? `${number(Math.round(ms / 60_000))} د` : `${number(Math.ceil(ms / 1_000))} ث`
