import type { BoardAddress } from './urls.ts'

/** Removes this browser's copy of a board (`keepsCopy`). Rejects where the browser keeps nothing for sites. */
export async function forgetCopy(board: BoardAddress): Promise<void> {
  const { removeCopy } = await import('./copy-keeper.ts')
  await removeCopy(board)
}
