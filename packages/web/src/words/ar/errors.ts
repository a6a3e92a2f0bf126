import { formatSize } from '../format-size.ts'
import type { Translations } from '../tables.ts'
import { apart, number } from './grammar.ts'
import { kindName, wayOn } from './kinds.ts'

const WAIT = 'كان ذلك أكثر من اللازم دفعة واحدة. يُرجى الانتظار لحظة.'

const file = (name: string | undefined): string => (name ? apart(name) : 'هذا الملف')

const ofKind: Translations['errors'][keyof Translations['errors']] = ({ name, kind, because }) => {
  if (kind?.wayOn !== undefined)
    return `${file(name)}: ${kindName(kind.name)}. ${wayOn(kind.wayOn)}`
  if (kind)
    return `${file(name)} بصيغة ${kind.name} التي لا يقبلها هذا الخادم حاليًا. يُرجى حفظه بصيغة JPEG أو PNG وإضافة الناتج.`
  if (kind === undefined && because) return `${file(name)}: ${because}`
  return `${file(name)} ليس صورة تمكن إضافتها. يُرجى حفظه بصيغة JPEG أو PNG.`
}

const megapixels = (pixels: number): string =>
  number(pixels < 9.95e6 ? pixels / 1e6 : Math.round(pixels / 1e6))

export const errors: Translations['errors'] = {
  'bad-request': () => 'لا يفهم هذا الخادم هذا الطلب. يُرجى مقارنته بوصف الواجهة البرمجية.',
  'unknown-field': () => 'حقل لا يُستخدم هنا. يُرجى حذفه أو التحقق من اسمه.',
  'broken-form': () => 'هذا النموذج غير مكتمل. يُرجى إرساله مجددًا.',
  'no-upload-id': () => 'لا توجد صورة معلنة لهذا الرفع. يُرجى إضافة الصورة مجددًا.',
  'empty-file': ({ name }) => `${file(name)} فارغ. يُرجى اختيار غيره.`,
  'link-needed': () => 'تُفتح هذه اللوحة برابط. لدى من يديرها رابط يعطيه.',
  'passphrase-needed': () => 'لهذه اللوحة كلمة سر. يُرجى كتابتها للمتابعة.',
  'not-allowed': () => 'هذا الرابط لا يسمح بذلك. يُرجى طلب رابط آخر.',
  'owner-needed': () => 'لا يفعل ذلك إلا مالك هذا الخادم. يُرجى إدخال رمز المالك أو سؤال من يديره.',
  'link-ended': () => 'لم يعد هذا الرابط يعمل. يُرجى طلب رابط جديد.',
  'wrong-code': () => 'هذا الرمز غير مطابق، أو انتهت مدته. يُرجى طلب رمز جديد.',
  'wrong-passphrase': () => 'كلمة السر هذه غير مطابقة. يُرجى المحاولة مجددًا.',
  'board-closed': () => 'أُغلقت هذه اللوحة. يُرجى سؤال من يديرها.',
  'sign-in-failed': () => 'لم يتم تسجيل الدخول. يُرجى المحاولة مجددًا.',
  'adding-paused': () => 'لا تقبل هذه اللوحة صورًا جديدة حاليًا. يُرجى المحاولة لاحقًا.',
  'foreign-origin': () => 'طلب ذلك موقع آخر. يُرجى فتح اللوحة نفسها.',
  'foreign-address': () => 'لا يجلب هذا الخادم صورًا من هناك. يُرجى حفظ الصورة وإضافة ملفها.',
  'not-found': () => 'لا شيء في هذا العنوان. يُرجى التحقق منه.',
  'unknown-board': () => 'لا توجد لوحة كهذه، أو حُذفت. يُرجى التحقق من الرابط.',
  'unknown-picture': () => 'هذه الصورة لم تعد موجودة.',
  'etag-needed': () => 'لهذه الصورة ملف آخر. لاستبداله يُرجى إرسال قيمة ETag الخاصة به في If-Match.',
  'wrong-etag': () => 'صار لهذه الصورة ملف آخر. يُرجى النظر إليه ثم إرسال قيمة ETag الخاصة به.',
  'slot-in-trash': () =>
    'صورة هذه الخانة في سلة المهملات. يُرجى إعادتها أو الإرسال إلى خانة باسم آخر.',
  'key-reused': () => 'استعمل طلب آخر قيمة Idempotency-Key هذه. يُرجى إرسال الطلب بقيمة خاصة به.',
  'no-wall-link': () => 'لم يُختر رابط لشاشات هذه اللوحة. يُرجى اختيار واحد أولًا.',
  'method-not-allowed': () =>
    'هذا العنوان لا يقبل هذه الطريقة. يُرجى مقارنتها بوصف الواجهة البرمجية.',
  conflict: () => 'هذا المعرّف مستخدم. يُرجى استخدام معرّف جديد.',
  'wrong-offset': () => 'الرفع متوقف عند موضع آخر. يُرجى المتابعة من هناك.',
  gap: () => 'تغيير سابق مفقود. يُرجى إرساله أولًا.',
  'stale-client': () => 'هذه التغييرات قديمة ولا تُرسل. يُرجى عملها مجددًا.',
  'file-changed': ({ name }) => `تغيّر ${file(name)} أثناء الإرسال. يُرجى إضافته مجددًا.`,
  'upload-gone': () => 'هذا الرفع لم يعد موجودًا. يُرجى إضافة الصورة مجددًا.',
  'upload-lost': () => 'الخادم الذي كان عليه هذا الرفع لم يعد موجودًا. يبدأ الرفع من جديد.',
  'server-away': () => 'الخادم الذي عليه هذا الرفع لا يجيب. يُرجى المحاولة مجددًا بعد قليل.',
  'archive-gone': () => 'هذا التنزيل قديم، أو فيه صورة لم تعد موجودة. يُرجى الحفظ مجددًا.',
  'too-large': ({ name, size, limit }) => {
    const is = size === undefined ? 'كبير جدًا' : `حجمه ${apart(formatSize(size))}`
    return `${file(name)} ${is}.${limit ? ` الحد هنا ${apart(formatSize(limit))}.` : ' يُرجى حفظه أصغر.'}`
  },
  'too-many-files': () => 'صور هذا النموذج أكثر مما يُقبل. يُرجى إرسال الباقي في نموذج آخر.',
  'too-many-pixels': ({ name, size, side, frames, limit }) => {
    const max = (text: string): string => (limit ? ` الحد هنا ${text}.` : '')
    if (side !== undefined)
      return `طول ${file(name)} هو ${number(side)} بكسل.${max(number(limit ?? 0))}`
    if (size !== undefined)
      return `في ${file(name)} ${megapixels(size)} ميغابكسل${frames === undefined ? '' : ' في كل إطاراته'}.${max(megapixels(limit ?? 0))}`
    if (frames !== undefined)
      return `عدد إطارات ${file(name)} هو ${number(frames)}.${max(number(limit ?? 0))}`
    return `في ${file(name)} بكسلات أكثر من اللازم. يُرجى حفظه أصغر.`
  },
  'wrong-type': () => 'هذا العنوان يقبل JSON: ‎Content-Type: application/json‎.',
  'wrong-encoding': () => 'لا تمكن قراءة ذلك مضغوطًا هكذا. يُرجى إرساله كما هو.',
  'text-picture': ({ name }) =>
    `${file(name)} صورة مكتوبة كنص. يُرجى إرسال بايتاتها بدلًا من base64.`,
  'not-a-picture': ofKind,
  video: ofKind,
  'camera-file': ofKind,
  document: ofKind,
  'other-format': ofKind,
  'foreign-host': () => 'لا يجيب هذا الخادم بهذا الاسم. يضيفه ‎--public-url‎.',
  damaged: ({ name }) => `${file(name)} تالف أو غير مكتمل. يُرجى تجربة الأصل.`,
  'unreadable-tiff': ({ name }) =>
    `${file(name)} نوع من TIFF لا تمكن قراءته هنا. يُرجى تصديره بصيغة PNG أو JPEG.`,
  'too-heavy': ({ name }) => `فتح ${file(name)} يحتاج إلى عمل كثير. يُرجى حفظه أصغر.`,
  'board-full': () => 'هذه اللوحة ممتلئة. يُرجى إفراغ سلتها، أو تقصير التعليقات، أو بدء لوحة جديدة.',
  'old-page': () => 'هذه الصفحة أقدم من خادمها. يُرجى إعادة تحميلها.',
  'too-fast': () => WAIT,
  'too-many': () => WAIT,
  internal: () => 'تعطل شيء على الخادم. سجله يقول ما هو.',
  unreachable: () => 'تعذر جلب ذلك من عنوانه. إذا كان صورة: يُرجى حفظها وإضافة الملف.',
  busy: ({ isDropped }) =>
    isDropped
      ? 'لدى الخادم عمل كثير، ولم يحفظ شيئًا من هذا الطلب. يُرجى إرساله مجددًا بعد لحظة.'
      : 'لدى الخادم عمل كثير. يُرجى المحاولة بعد لحظة.',
  away: () => 'قاعدة بيانات هذه اللوحة لا تجيب. يُرجى المحاولة بعد لحظة.',
  stopping: () => 'يتوقف الخادم الآن. يُرجى المحاولة بعد لحظة.',
  'newer-format': () => 'حفظ خادم أحدث هذه اللوحة. يُرجى إخبار من يدير هذا الخادم ليحدّثه.',
  'disk-full': () => 'لم يبقَ مكان على الخادم. يُرجى إخبار من يديره.',
  'pictures-full': () =>
    'على هذه اللوحة كل ما يُسمح به من الصور. يُرجى طلب حذف بعضها نهائيًا أو بدء لوحة جديدة.',
  'link-full': () => 'أُضيف بهذا الرابط كل ما يُسمح به. لدى من أعطاه أن يسمح بالمزيد.',
}
