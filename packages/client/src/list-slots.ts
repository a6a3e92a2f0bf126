import { answered } from './answered.ts'
import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { slotsUrl } from './urls.ts'

/** A live slot as the server lists it. Times are milliseconds since 1970. */
export interface ListedSlot {
  readonly name: string
  /** The id of its tile. */
  readonly id: string
  readonly lastFrameAt: number
  /** Whether the next frame is late. */
  readonly isLate: boolean
  /** The usual time between two frames; null while it is unknown. */
  readonly intervalMs: number | null
  /** The address of its newest frame. */
  readonly frameUrl: string
  /** The address of its tile's record. */
  readonly url: string
  /** The address of its tile's file: the last frame that is stored. */
  readonly fileUrl: string
}

/** The ways of calls that read. */
export interface ReadOptions {
  /** Gives the call up, which rejects with its reason. */
  readonly signal?: AbortSignal | undefined
}

/**
 * Lists the live slots on a board, by name. Rejects with a code if the server refuses it, or the board has ended, and
 * with the signal's reason.
 */
export async function listSlots(
  board: Board,
  { signal }: ReadOptions = {},
): Promise<readonly ListedSlot[]> {
  throwIfEnded(board)
  const asked = { headers: board.headers, signal: signal ?? null }
  const answer = await answered(fetch(slotsUrl(board), asked))
  return ((await answer.json()) as { readonly slots: ListedSlot[] }).slots
}
