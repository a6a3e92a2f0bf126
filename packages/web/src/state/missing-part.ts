import { errorMessages } from '@wirephoto/board'
import { pageBuild } from '../browser/page-build.ts'
import { words } from '../words/page.ts'
import type { BoardStore } from './board-store.ts'
import type { Toasts } from './toasts.ts'

/** Returns whether a live page is of another build than the page that its server serves. */
export const isOldPage = ({ board: { status, serverBuild } }: BoardStore): boolean =>
  status.connection === 'live' && serverBuild !== null && serverBuild !== pageBuild()

/**
 * Says why a part of the page couldn't be loaded. On a live page the server may not have it any more, or the
 * browser won't ask again: then only a reload helps. The notice stays where every further try is in vain.
 */
export function tellMissingPart(boardStore: BoardStore, toasts: Toasts, stays = false): void {
  if (boardStore.board.status.connection !== 'live') return toasts.warn(words.needsConnection)
  const reload = { label: words.reload, run: () => location.reload() }
  if (isOldPage(boardStore)) toasts.insist(errorMessages['old-page']({}), reload)
  else if (stays) toasts.insist(words.partMissing, reload)
  else toasts.warn(words.partMissing, reload)
}
