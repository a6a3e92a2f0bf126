import type { AppState } from '../app-state.ts'
import { words } from '../words/page.ts'
import { type Action, offeredByRight } from './action.ts'
import { hostActions } from './host.ts'
import { runLazy } from './run-lazy.ts'

export type LateActions = ReturnType<typeof lateActions>

/** Creates the actions that no first drop needs. They come with the overlay. */
export function lateActions(app: AppState) {
  const { boardStore, panels } = app
  const { board } = boardStore
  return {
    ...offeredByRight(app, {
      copyView: {
        group: 'view',
        label: words.copyView,
        icon: 'view',
        keys: ['shift+v'],
        run: () => runLazy(app, (lazy) => lazy.copyView(app)),
      },
      activity: {
        group: 'board',
        label: words.activity,
        icon: 'history',
        keys: ['shift+h'],
        needs: 'board.govern',
        run: () => panels.open('activity'),
      },
      toFrontBoard: {
        group: 'board',
        label: words.toFrontBoard,
        icon: 'house',
        keys: ['shift+b'],
        isOffered: () => board.id !== 'main',
        run: () => location.assign('/'),
      },
    } satisfies Record<string, Action>),
    ...hostActions(app),
  }
}
