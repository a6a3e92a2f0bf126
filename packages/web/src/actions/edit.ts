import type { AppState } from '../app-state.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'

/** Creates the actions that add pictures, and that undo and redo. */
export function editActions({ boardStore, toasts, choose }: AppState) {
  const { board } = boardStore
  return {
    choose: {
      group: 'board',
      label: words.choose,
      icon: 'images',
      keys: ['a'],
      isOffered: () => boardStore.mayAdd(),
      run: () => choose('files'),
    },
    takePhoto: {
      group: 'board',
      label: words.takePhoto,
      icon: 'camera',
      keys: ['shift+a'],
      isOffered: () => boardStore.mayAdd(),
      run: () => choose('camera'),
    },
    undo: {
      group: 'board',
      label: words.undo,
      icon: 'undo',
      keys: ['mod+z'],
      needs: 'image.add',
      isPossible: boardStore.canUndo,
      run() {
        if (!board.undo()) toasts.say(words.nothingToUndo)
      },
    },
    redo: {
      group: 'board',
      label: words.redo,
      icon: 'redo',
      keys: ['mod+shift+z', 'mod+y'],
      needs: 'image.add',
      isPossible: boardStore.canRedo,
      run() {
        if (!board.redo()) toasts.say(words.nothingToRedo)
      },
    },
  } satisfies Record<string, Action>
}
