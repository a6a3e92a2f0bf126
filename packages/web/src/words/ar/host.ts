import type { Translations } from '../tables.ts'
import { apart, days, ofPictures, pictures, plural } from './grammar.ts'

export const host: Translations['host'] = {
  deleteAllByGuest: 'حذف كل ما أضافه هذا الضيف',
  deleteAllBy: (name, n) => `حذف ${ofPictures(n)} من ${apart(name) || 'هذا الضيف'}`,
  deletedAllBy: (name, n) => `تم حذف ${ofPictures(n)} من ${apart(name) || 'أحد الضيوف'}.`,

  clearBoard: 'إفراغ اللوحة',
  askClear: (n) => `هل تُنقل ${pictures(n)} من هذه اللوحة إلى سلة المهملات؟`,
  clearHint: (n) => `يراها الجميع هنا تختفي. تمكن إعادتها خلال ${days(n)}.`,
  clear: (n) => `إزالة ${ofPictures(n)}`,
  keepBoard: 'إبقاؤها',
  cleared: (n) => `أُفرغت اللوحة: ${pictures(n)} في سلة المهملات.`,

  guests: 'صور الضيوف',
  adding: { open: 'تظهر فورًا', held: 'تنتظرني', paused: 'متوقفة' },
  addingHints: {
    open: 'من لديه رابط الإضافة تظهر صوره على اللوحة فورًا.',
    held: 'ما يأتي برابط الإضافة ينتظر موافقتك. لا يراه أحد غيرك قبل ذلك.',
    paused: 'لا يضيف أحد برابط الإضافة حتى يتغير هذا. ويُخبَر الضيوف بذلك.',
  },
  isPaused: 'أوقف المضيف الإضافة مؤقتًا.',
  pauseAdding: 'إيقاف الإضافة',
  resumeAdding: 'السماح للضيوف بالإضافة مجددًا',
  haveWait: 'جعل صور الضيوف تنتظرني',
  letCome: 'جعل صور الضيوف تظهر فورًا',
  addingIs: {
    open: 'صور الضيوف تظهر الآن على اللوحة فورًا.',
    held: 'صور الضيوف تنتظر الآن موافقتك.',
    paused: 'الإضافة متوقفة. ويُخبَر الضيوف بذلك.',
  },

  waitingPictures: 'الصور المنتظرة',
  wait: (n) => plural(n, { other: '# في الانتظار' }),
  waitForYou: (n) =>
    plural(n, {
      one: 'صورة واحدة تنتظرك',
      two: 'صورتان تنتظرانك',
      few: '# صور تنتظرك',
      other: '# صورة تنتظرك',
    }),
  noneWaits: 'لا شيء ينتظر.',
  noneWaitsHint: 'صور الضيوف تأتي إلى هنا أولًا.',
  noneWaitHereHint: 'صور الضيوف لا تأتي إلى هنا الآن. يمكن جعلها تنتظر من الإعدادات.',
  waitingPicture: (name, by) => (by ? `${apart(name)}، من ${apart(by)}` : name),
  approve: 'قبول',
  refuse: 'رفض',
  approveAll: (n) =>
    plural(n, { one: 'قبول صورة واحدة', two: 'قبول الصورتين', other: 'قبول الكل (#)' }),
  askApproveAll: (n) => `هل تُنقل إلى اللوحة ${pictures(n)} في الانتظار؟`,
  letWait: 'إبقاؤها منتظرة',
  stillArriving: 'هذه الصورة ما زالت في الطريق. يُرجى قبولها بعد لحظة.',
  refusedOne: (by) => `رُفضت الصورة من ${apart(by) || 'أحد الضيوف'}.`,

  waitForHost: (n) =>
    plural(n, {
      one: 'صورة واحدة تنتظر المضيف',
      two: 'صورتان تنتظران المضيف',
      few: '# صور تنتظر المضيف',
      other: '# صورة تنتظر المضيف',
    }),
  waitForHostHint: 'تظهر على اللوحة حين يقبلها المضيف.',
  takeBack: 'سحب',
  waits: 'تنتظر',
  arriving: 'في الطريق',
  notTaken: (n) => (n === 1 ? 'لم يقبل المضيف صورتك.' : `لم يقبل المضيف ${ofPictures(n)} من صورك.`),
}
