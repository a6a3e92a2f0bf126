import { answered } from './answered.ts'
import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { boardPageUrl } from './urls.ts'

/** A picture that is shown at once: JPEG, PNG or WebP, of at most 1 MiB and 4 megapixels. */
export type Frame = Blob | ArrayBuffer | Uint8Array<ArrayBuffer>

/**
 * Shows a picture on every page and wall of a board, and keeps it nowhere. Resolves with how many of them look at the
 * board. Rejects with a code if the server refuses it, or the board has ended.
 */
export async function showFile(board: Board, file: Frame): Promise<number> {
  throwIfEnded(board)
  const answer = await sendFrame(board, 'POST', `${boardPageUrl(board)}/show`, file)
  return (answer as { readonly viewers: number }).viewers
}

/** Takes what `showFile` shows off every page and wall of a board. Rejects as that does. */
export async function endShownFile(board: Board): Promise<void> {
  throwIfEnded(board)
  const address = `${boardPageUrl(board)}/show`
  // It outlives a page that is closed.
  const sent = { method: 'DELETE', headers: board.headers, keepalive: true }
  await answered(fetch(address, sent))
}

/** Sends a frame, and resolves with the answer. */
export async function sendFrame(
  board: Board,
  method: 'PUT' | 'POST',
  address: string,
  frame: Frame,
): Promise<unknown> {
  const sent = { method, headers: board.headers, body: frame }
  return await (await answered(fetch(address, sent))).json()
}
