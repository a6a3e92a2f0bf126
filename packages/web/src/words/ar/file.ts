import type { Translations } from '../tables.ts'

export const file: Translations['file'] = {
  unreadable: 'لا تمكن قراءته. يُرجى اختياره مجددًا؛ ويمكن إفلات مجلد على اللوحة.',
}
