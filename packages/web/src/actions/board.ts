import type { AppState } from '../app-state.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'
import { runLazy } from './run-lazy.ts'

/** Creates the actions on this board as a whole, and those that lead to other boards. */
export function boardActions(app: AppState) {
  const { boardStore, panels, people } = app
  const { board } = boardStore
  return {
    rename: {
      group: 'board',
      label: words.rename,
      icon: 'pencil',
      keys: ['f2'],
      needs: 'board.patch',
      run: () => panels.rename(),
    },
    share: {
      group: 'board',
      label: words.share,
      icon: 'share',
      keys: ['s'],
      run: () => panels.open('share'),
    },
    copyLink: {
      group: 'board',
      label: words.copyLink,
      icon: 'link',
      keys: ['l'],
      run: () => runLazy(app, (lazy) => lazy.copyLink(app)),
    },
    people: {
      group: 'board',
      label: words.people,
      icon: 'people',
      keys: ['p'],
      run: () => people.toggle(),
    },
    openWall: {
      group: 'board',
      label: words.openWall,
      icon: 'wall',
      keys: ['shift+w'],
      run: () => {
        window.open(`${board.url}/b/${board.id}/show`)
      },
    },
    trash: {
      group: 'board',
      label: words.trash,
      icon: 'trash',
      keys: ['shift+t'],
      needs: 'image.add',
      run: () => panels.open('trash'),
    },
    boards: {
      group: 'board',
      label: words.boards,
      icon: 'boards',
      keys: ['b'],
      run: () => panels.open('boards'),
    },
    newBoard: {
      group: 'board',
      label: words.newBoard,
      icon: 'squarePlus',
      keys: ['n'],
      run: () => runLazy(app, (lazy) => lazy.newBoard(app)),
    },
  } satisfies Record<string, Action>
}
