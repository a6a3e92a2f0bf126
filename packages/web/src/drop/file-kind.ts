import {
  excessOf,
  isCameraFile,
  kindRefusal,
  type MediaType,
  recognise,
  SNIFF_BYTES,
  WireError,
} from '@wirephoto/board'
import { readFileHeader } from '@wirephoto/client'

/** Returns why a file of this kind isn't taken, or null if it is. */
export async function fileRefusal(file: File, name: string): Promise<WireError | null> {
  let head: Uint8Array
  try {
    head = await headOf(file, SNIFF_BYTES)
  } catch {
    return new WireError('not-a-picture', {
      name,
      because: "can't be read. Choose it again; a folder can be dropped on the board.",
    })
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

/** Returns why a picture of so many pixels isn't taken, or null if it is: each kind has its limit (D3). */
export async function excessRefusal(
  file: File,
  name: string,
  pixels: number,
): Promise<WireError | null> {
  const kind = recognise(await headOf(file, SNIFF_BYTES), name)
  if (!kind || !('type' in kind)) return null
  const header = await readFileHeader(file)
  const excess = excessOf(kind, pixels, header?.isWhole ?? false)
  return excess && new WireError('too-many-pixels', { name, ...excess })
}

const headOf = async (file: Blob, bytes: number): Promise<Uint8Array> =>
  new Uint8Array(await file.slice(0, bytes).arrayBuffer())
