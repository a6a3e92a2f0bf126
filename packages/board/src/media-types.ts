/** The media types that every browser shows. */
const SHOWN_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif'] as const

/** The media types that a board takes. An SVG is stored as the PNG drawn from it (V6). */
export const MEDIA_TYPES = [
  ...SHOWN_TYPES,
  'image/heic',
  'image/jxl',
  'image/tiff',
  'image/bmp',
  'image/svg+xml',
  'image/vnd.adobe.photoshop',
] as const
export type MediaType = (typeof MEDIA_TYPES)[number]

/** Whether every browser shows such a file; viewers get variants of the others (V5). */
export const isShown = (type: MediaType): boolean =>
  (SHOWN_TYPES as readonly MediaType[]).includes(type)
