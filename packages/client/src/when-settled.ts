import type { Board } from './board.ts'
import { throwIfEnded } from './board-end.ts'
import { until } from './events.ts'
import type { BoardEvents, Problem } from './types.ts'
import { toWireError } from './wire-error.ts'

/** Does `Board.settled`. `refusals` fill meanwhile, until `off` is called. */
export async function whenSettled(
  board: Board,
  queue: { readonly size: number },
  refusals: readonly Problem[],
  off: () => void,
): Promise<void> {
  await until<BoardEvents, true>(board, ['status'], () => {
    if (queue.size === 0) return true
    throwIfEnded(board)
    return null
  }).finally(off)
  if (refusals[0]) throw toWireError(refusals[0])
}
