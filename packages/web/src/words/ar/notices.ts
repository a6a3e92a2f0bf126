import type { Translations } from '../tables.ts'
import { apart, list } from './grammar.ts'

export const notices: Translations['notices'] = {
  'jpeg-of-raw': ({ name }) => `أُضيفت صورة JPEG التي في ${apart(name)}؛ يبقى الملف الخام لديك.`,
  'still-of-motion': ({ name }) => `أُضيفت الصورة الثابتة من ${apart(name)}؛ يبقى الفيديو لديك.`,
  'first-of-several': ({ name }) => `أُضيفت الصورة الأولى من ${apart(name)}؛ تبقى الأخرى لديك.`,
  'first-frame': ({ name }) => `أُضيف الإطار الأول من ${apart(name)}؛ إذا حُفظت بصيغة GIF تحركت.`,
  'merged-layers': ({ name }) => `أُضيف ${apart(name)} كصورة واحدة؛ تبقى طبقاته لديك.`,
  'svg-incomplete': ({ name, missing = [] }) =>
    `لم يُرسم ${apart(name)} كاملًا${missing.length > 0 ? ` (ينقص: ${list(missing)})` : ''}. يبقى كل شيء إذا صُدّر بصيغة PNG.`,
  'gain-map-lost': ({ name }) => `فقد ${apart(name)} نطاق HDR. يبقى إذا صُدّر بصيغة AVIF.`,
}
