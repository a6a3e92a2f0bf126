import { type ImageRecord, picturesOnBoard, type Records, VARIANT_SIDES_PX } from '@wirephoto/board'
import { escapeHtml } from './problem-page.ts'

/** The title and picture that programs show beside a link to a board; else they show the product's own. */
export interface LinkPreview {
  readonly title?: string
  /** The product's sentence, where it isn't the page's own. */
  readonly sentence?: string
  readonly picture?: {
    /** From the server's own root. */
    readonly path: string
    readonly width: number
    readonly height: number
  }
}

const [, , SIDE_PX] = VARIANT_SIDES_PX

/** Chooses the newest picture that has a size for a preview. Null if there is none. */
export function previewPicture(
  board: string,
  records: Pick<Records, 'values'>,
): NonNullable<LinkPreview['picture']> | null {
  let newest: ImageRecord | null = null
  for (const record of picturesOnBoard(records))
    if (record.blob && record.variants?.includes(SIDE_PX))
      if (newest === null || record.createdAt > newest.createdAt) newest = record
  if (!newest) return null
  const scale = SIDE_PX / Math.max(newest.width, newest.height)
  return {
    path: `/b/${board}/blob/${newest.blob}/${SIDE_PX}`,
    width: Math.round(newest.width * scale),
    height: Math.round(newest.height * scale),
  }
}

/** Writes a preview into the page. The picture's address is written beside this. */
export function withPreview(page: string, { title, sentence, picture }: LinkPreview): string {
  const titled =
    title === undefined
      ? page
      : page.replace(
          /(property="og:title" content=")[^"]*/,
          (_, before: string) => before + escapeHtml(title),
        )
  const said =
    sentence === undefined
      ? titled
      : titled.replaceAll(
          /("(?:og:)?description" content=")[^"]*/g,
          (_, before: string) => before + escapeHtml(sentence),
        )
  if (!picture) return said
  const { width, height } = picture
  return said
    .replace(/(property="og:image:width" content=")\d+/, `$1${width}`)
    .replace(/(property="og:image:height" content=")\d+/, `$1${height}`)
}
