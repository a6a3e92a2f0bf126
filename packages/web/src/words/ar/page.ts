import type { Translations } from '../tables.ts'
import { apart, number, ofPictures, pictures, plural } from './grammar.ts'

export const page: Translations['page'] = {
  product: 'Wirephoto',

  frontBoard: 'اللوحة الرئيسية',
  untitled: 'لوحة بلا اسم',
  boardName: 'اسم هذه اللوحة',
  boardMenu: 'قائمة اللوحة',
  rename: 'إعادة التسمية',
  share: 'مشاركة',
  copyLink: 'نسخ الرابط',
  newBoard: 'لوحة جديدة',
  toFrontBoard: 'إلى اللوحة الرئيسية',
  boards: 'لوحاتك',
  trash: 'سلة المهملات',
  settings: 'الإعدادات',
  keySheet: 'المفاتيح',
  palette: 'البحث عن إجراء',
  toTheme: (theme) => (theme === 'dark' ? 'التحويل إلى الغرفة المظلمة' : 'التحويل إلى طاولة الضوء'),

  tools: 'الأدوات',
  add: 'إضافة',
  choose: 'اختيار صور',
  takePhoto: 'التقاط صورة',
  select: 'تحديد',
  selectAll: 'تحديد الكل',
  hand: 'اليد',
  undo: 'تراجع',
  redo: 'إعادة',
  more: 'المزيد',

  zoom: 'التكبير',
  zoomIn: 'تكبير العرض',
  zoomOut: 'تصغير العرض',
  zoomReset: 'العرض بنسبة 100%',
  fit: 'ملاءمة',
  fitAll: 'إظهار كل الصور',

  pictures: (n) => `${pictures(n)} على هذه اللوحة`,
  pictureMenu: (n) => `تم تحديد ${ofPictures(n)}`,
  pictureLabel: (name, state) =>
    state === 'stored'
      ? name
      : state === 'failed'
        ? `${apart(name)}، لم تُرسل`
        : `${apart(name)}، في الطريق`,
  openLarge: 'فتح بحجم كبير',
  download: 'تنزيل',
  bringToFront: 'إلى الأمام',
  duplicate: 'تكرار',
  tidy: 'ترتيب',
  caption: 'تعليق',
  delete: 'حذف',

  percent: (share) => `${number(Math.round(share * 100))}%`,
  retry: 'المحاولة مجددًا',
  cancelled: (n) => `أُلغي إرسال ${ofPictures(n)}.`,
  cancelSending: (n) => (n <= 1 ? 'إلغاء الإرسال' : `إلغاء إرسال ${ofPictures(n)}`),

  guest: 'ضيف',
  people: 'من هنا',

  showOnScreens: 'عرض على الشاشات',
  openWall: 'فتح شاشة العرض',

  emptyTitle: 'أفلت الصور هنا.',
  emptyTitleOnPhone: 'إضافة أول صورة.',
  emptyHint: 'أو اللصق، أو الاختيار، أو التقاط صورة.',
  emptyHintForAll: 'يراها كل من على هذه اللوحة فورًا.',
  emptyForViewer: 'لا شيء هنا بعد.',
  emptyForViewerHint: 'تظهر الصور حين يضيفها أحد.',
  lookOnly: 'هذه اللوحة للمشاهدة، لا للإضافة.',
  letGo: (n) => (n > 0 ? `اترك لإضافة ${ofPictures(n)}` : 'اترك لإضافة الصور'),

  live: 'مباشر',
  slow: 'اتصال بطيء',
  connecting: 'يجري الاتصال',
  offline: 'أنت غير متصل.',
  serverGone: 'خادم هذه اللوحة لا يجيب.',
  changesKept: (cause) => `${cause} تُحفظ التغييرات وتُرسل لاحقًا.`,
  asOf: (cause, time) => `${cause} هذا ما كان عند ${apart(time)}. تُحفظ التغييرات وتُرسل لاحقًا.`,
  noCopy: (cause) => `${cause} لا توجد نسخة هنا.`,
  databaseAway: 'حُفظت هنا. قاعدة بيانات هذه اللوحة لا تجيب؛ تُرسل التغييرات لاحقًا.',
  backOnline: (n) =>
    n > 0
      ? `عاد الاتصال. ${plural(n, { one: 'أُرسل تغيير واحد', two: 'أُرسل تغييران', few: 'أُرسلت # تغييرات', other: 'أُرسل # تغييرًا' })}.`
      : 'عاد الاتصال.',
  needsConnection: 'يحتاج ذلك إلى اتصال. يُرجى المحاولة حين يعود.',

  notAdded: 'تعذرت إضافة بعض هذه الصور. يُرجى إضافتها مجددًا.',
  partMissing: 'تعذر تحميل جزء من هذه الصفحة. يُرجى إعادة تحميلها.',

  notices: 'الإشعارات',
  close: 'إغلاق',
  reload: 'إعادة التحميل',
  deleted: (n) => `تم حذف ${ofPictures(n)}.`,
  nothingToUndo: 'لا شيء للتراجع عنه.',
  nothingToRedo: 'لا شيء لإعادته.',
  copyPicture: (n) => (n > 1 ? `نسخ ${ofPictures(n)}` : 'نسخ الصورة'),

  keys: {
    mod: 'Ctrl',
    shift: 'Shift',
    delete: 'Del',
    backspace: 'Backspace',
    enter: 'Enter',
    '-': '−',
  },
}
