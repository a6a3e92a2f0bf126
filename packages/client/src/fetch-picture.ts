import { type ImageRecord, problemIn } from '@wirephoto/board'
import type { Board } from './board.ts'
import { blobUrl } from './urls.ts'
import { toWireError } from './wire-error.ts'

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
  const response = await fetch(url, { headers: board.headers, signal: signal ?? null })
  if (response.ok) return await response.blob()
  const problem = problemIn(response.status, await response.text())
  throw problem ? toWireError(problem) : new Error(response.statusText)
}
