import type { AnyRecord, ImageRecord, Snapshot } from '@wirephoto/board'
import { serverPath, serverUrl } from '../browser/server-url.ts'
import { browserData } from '../browser/site-data.ts'

/** A picture on a board of this server. Addresses that show pictures name the blob. */
export type PictureRef = { readonly board: string } & (
  | { readonly id: string }
  | { readonly blob: string }
)

/**
 * The pictures that were copied last, in any tab of this browser. Browsers give pages a PNG of the clipboard
 * and nothing more, so its pixels tell whether it shows these.
 */
interface Copied {
  readonly pictures: readonly PictureRef[]
  readonly print: string
}

const KEY = 'copied'

/** Remembers what lies on the clipboard: these pictures, the first of them as pixels. */
export function rememberCopied(copied: Copied): void {
  browserData.set(KEY, JSON.stringify(copied))
}

/** Returns the pictures that a pasted file was made of by `rememberCopied`; null for any other file. */
export async function copiedAs(file: Blob): Promise<readonly PictureRef[] | null> {
  const copied = read()
  if (!copied || file.type !== 'image/png') return null
  const bitmap = await createImageBitmap(file)
  try {
    if (!copied.print.startsWith(sizeOf(bitmap))) return null
    return (await printOf(bitmap)) === copied.print ? copied.pictures : null
  } finally {
    bitmap.close()
  }
}

/** Returns the size and a hash of a picture's pixels. */
export async function printOf(picture: ImageBitmap | HTMLCanvasElement): Promise<string> {
  const { width, height } = picture
  const canvas = Object.assign(document.createElement('canvas'), { width, height })
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  context.drawImage(picture, 0, 0)
  const { data } = context.getImageData(0, 0, width, height)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', data))
  return sizeOf(picture) + btoa(String.fromCharCode(...hash))
}

const sizeOf = ({ width, height }: { width: number; height: number }): string =>
  `${width}x${height} `

function read(): Copied | null {
  try {
    const kept = JSON.parse(browserData.get(KEY) ?? 'null') as Partial<Copied> | null
    return kept?.print && Array.isArray(kept.pictures) ? (kept as Copied) : null
  } catch {
    return null
  }
}

/** Returns the picture that an address of a board leads to, whatever the server's name there. */
export function pictureAt(url: string): PictureRef | null {
  const { pathname } = new URL(url)
  const here = pathname.startsWith(`${serverPath}/`) ? pathname.slice(serverPath.length) : pathname
  const [, board, id] = /^\/api\/boards\/([\w-]+)\/images\/([\w-]+)\/file$/.exec(here) ?? []
  if (board && id) return { board, id }
  const [, shown, blob] = /^\/b\/([\w-]+)\/blob\/([\da-f]{64})(?:\/|$)/.exec(here) ?? []
  return shown && blob ? { board: shown, blob } : null
}

/** Fetches the record of a stored picture on any board of this server; null if there is none. */
export async function recordOf(ref: PictureRef): Promise<ImageRecord | null> {
  const board = `${serverUrl}/api/boards/${ref.board}`
  const response = await fetch('id' in ref ? `${board}/images/${ref.id}` : `${board}/snapshot`)
  if (!response.ok) return null
  if ('id' in ref) return (await response.json()) as ImageRecord
  const { records } = (await response.json()) as Snapshot
  return records.find((each): each is ImageRecord => isOf(ref, each)) ?? null
}

/** Whether a record is the picture that a reference means. */
export const isOf = (ref: PictureRef, record: AnyRecord): boolean =>
  record.kind === 'image' && ('id' in ref ? record.id === ref.id : record.blob === ref.blob)
