import { problemIn } from '@wirephoto/board'
import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { boardPageUrl } from './urls.ts'
import { toWireError } from './wire-error.ts'

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

/** Sends a frame, and resolves with the answer. */
export async function sendFrame(
  board: Board,
  method: 'PUT' | 'POST',
  address: string,
  frame: Frame,
): Promise<unknown> {
  const response = await fetch(address, { method, headers: board.headers, body: frame })
  const text = await response.text()
  const problem = problemIn(response.status, text)
  if (problem) throw toWireError(problem)
  if (!response.ok) throw new Error(response.statusText)
  return JSON.parse(text)
}
