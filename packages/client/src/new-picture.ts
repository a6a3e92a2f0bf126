import {
  headerRefusal,
  isCameraFile,
  kindRefusal,
  type PictureHeader,
  recognise,
  SNIFF_BYTES,
  WireError,
} from '@wirephoto/board'
import { readFileHeader } from './file-header.ts'
import type { NewPicture } from './types.ts'

/** The size of a picture whose header doesn't tell it: its box takes the right shape when it is stored. */
const GUESSED_SIZE = { width: 800, height: 600 }

/**
 * Describes a file as `Board.add` takes it, with its name and size by its first bytes. Rejects with a `WireError` if
 * these tell that no board takes it, and with what reading it rejects with.
 */
export async function newPicture(
  file: Blob,
  fields: Partial<Omit<NewPicture, 'file'>> = {},
): Promise<NewPicture> {
  const name = fields.name ?? ('name' in file ? String(file.name) : '')
  if (file.size === 0) throw new WireError('empty-file', { name })
  const head = new Uint8Array(await file.slice(0, SNIFF_BYTES).arrayBuffer())
  const size = isCameraFile(head, name) ? null : await sizeOf(file, head, name)
  return { ...(size ?? GUESSED_SIZE), ...fields, file, name }
}

/** Returns the upright size; null where the header leaves a doubt. Rejects if the file isn't taken. */
async function sizeOf(
  file: Blob,
  head: Uint8Array,
  name: string,
): Promise<Pick<PictureHeader, 'width' | 'height'> | null> {
  const kind = recognise(head, name)
  const refusal = kindRefusal(kind, name)
  if (refusal) throw refusal
  const header = await readFileHeader(file)
  if (!header || !kind || !('type' in kind)) return null
  const excess = headerRefusal(kind, header, name)
  if (excess) throw excess
  return { width: header.width, height: header.height }
}
