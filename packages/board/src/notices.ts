import type { ImageRecord } from './records.ts'

/** The header of a tus answer that has a stored picture's notices: JSON, percent-encoded. */
export const NOTICES_HEADER = 'wirephoto-notices'

/** Facts that a notice's sentence mentions. */
export interface NoticeFacts {
  readonly name: string
  /** The things that are missing, as people say them, with `svg-incomplete`. */
  readonly missing?: readonly string[]
}

/**
 * The closed table of notices: a picture was added with less than its file had (F14). Each sentence says what
 * is there and what isn't.
 */
export const noticeMessages = {
  /** A camera's raw file: the JPEG inside it is stored. */
  'jpeg-of-raw': ({ name }) => `Added the JPEG inside ${name}; the raw file stays with you.`,
  /** A motion photo: a still with its video behind it, in one file. */
  'still-of-motion': ({ name }) => `Added the still of ${name}; its video stays with you.`,
  /** A file with several pictures: the main one is shown. */
  'first-of-several': ({ name }) => `Added the first picture of ${name}; the others stay with you.`,
  /** A moving picture of a format whose first frame is shown. */
  'first-frame': ({ name }) => `Added the first frame of ${name}; save it as GIF to see it move.`,
  /** A drawing in layers: the picture that they make together. */
  'merged-layers': ({ name }) => `Added ${name} as one picture; its layers stay with you.`,
  /** An SVG with parts that weren't drawn. */
  'svg-incomplete': ({ name, missing = [] }) =>
    `${name} was drawn without ${list(missing)}. Export it as PNG to keep that.`,
  /** An HDR picture without the part that makes it one. */
  'gain-map-lost': ({ name }) => `${name} lost its HDR. Export it as AVIF to keep that.`,
} as const satisfies Record<string, (facts: NoticeFacts) => string>

export type NoticeCode = keyof typeof noticeMessages

/** One notice about a stored picture, as answers have it. */
export interface Notice {
  readonly code: NoticeCode
  readonly message: string
}

/** A stored picture as HTTP answers have it: its record, and what its sender should know. */
export type StoredImage = ImageRecord & { readonly notices: readonly Notice[] }

/** Makes the notice of a code, with its sentence. */
export function noticeOf(code: NoticeCode, facts: NoticeFacts): Notice {
  return { code, message: noticeMessages[code](facts) }
}

const list = (things: readonly string[]): string =>
  things.length > 1 ? `${things.slice(0, -1).join(', ')} and ${things.at(-1)}` : (things[0] ?? '')
