import {
  headerRefusal,
  isCameraFile,
  kindRefusal,
  type MediaType,
  recognise,
  SNIFF_BYTES,
  WireError,
} from '@wirephoto/board'
import { readFileHeader } from '@wirephoto/client'
import { fileWords } from '../words/file.ts'

/** Returns why a file of this kind isn't taken, or null if it is. */
export async function fileRefusal(file: File, name: string): Promise<WireError | null> {
  let head: Uint8Array
  try {
    head = await headOf(file, SNIFF_BYTES)
  } catch {
    return new WireError('not-a-picture', { name, because: fileWords.unreadable })
  }
  // The server looks for the JPEG inside.
  if (isCameraFile(head, name)) return null
  return kindRefusal(recognise(head, name), name, refusedTypes())
}

/** Reads which kinds the operator of the page's server refuses. */
function refusedTypes(): ReadonlySet<MediaType> {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="refused"]')
  return new Set(meta?.content.split(' ') as MediaType[])
}

/** Returns why a picture of this size isn't taken, or null if it is: each kind has its limit (D3). */
export async function excessRefusal(
  file: File,
  name: string,
  size: { readonly width: number; readonly height: number },
): Promise<WireError | null> {
  const kind = recognise(await headOf(file, SNIFF_BYTES), name)
  if (!kind || !('type' in kind)) return null
  const { width = 0, height = 0, isWhole = false } = (await readFileHeader(file)) ?? {}
  // A picture on a board has no side longer than the limit, whatever its header says.
  const [w, h] = [Math.max(size.width, width), Math.max(size.height, height)]
  return headerRefusal(kind, { width: w, height: h, isWhole }, name)
}

const headOf = async (file: Blob, bytes: number): Promise<Uint8Array> =>
  new Uint8Array(await file.slice(0, bytes).arrayBuffer())
