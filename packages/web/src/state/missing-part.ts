import { errorMessages } from '@wirephoto/board'
import { pageBuild } from '../browser/page-build.ts'
import { words } from '../words/page.ts'
import type { BoardStore } from './board-store.ts'
import type { Toasts } from './toasts.ts'

/** Returns whether a live page is of another build than the page that its server serves. */
export const isOldPage = ({ board: { status, serverBuild } }: BoardStore): boolean =>
  status.connection === 'live' && serverBuild !== null && serverBuild !== pageBuild()

/**
 * Says why a part of the page couldn't be loaded. On a live page the server doesn't have it any more, or the
 * browser won't ask again: only a reload helps.
 */
export function tellMissingPart(boardStore: BoardStore, toasts: Toasts): void {
  const { connection } = boardStore.board.status
  if (connection !== 'live') return toasts.warn(words.needsConnection)
  toasts.insist(isOldPage(boardStore) ? errorMessages['old-page']({}) : words.partMissing, {
    label: words.reload,
    run: () => location.reload(),
  })
}
