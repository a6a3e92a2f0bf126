import type { ImageRecord } from '@wirephoto/board'
import { answered } from './answered.ts'
import type { Board } from './board.ts'
import { blobUrl } from './urls.ts'

interface FetchPictureOptions {
  /** The pixels that its longer side needs at least; see `blobUrl`. Default: all that it has. */
  readonly pixels?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Fetches a stored picture to be shown, in the name of who asks. A page of another origin shows pictures so, by object
 * URLs, since an image element sends no token. Null while nothing can be shown.
 *
 * Rejects with a `WireError` if the server refuses it, and with what `fetch` rejects with.
 */
export async function fetchPicture(
  board: Board,
  record: ImageRecord,
  { pixels, signal }: FetchPictureOptions = {},
): Promise<Blob | null> {
  const url = blobUrl(board, record, pixels)
  if (!url) return null
  const asked = { headers: board.headers, signal: signal ?? null }
  return await (await answered(fetch(url, asked))).blob()
}
