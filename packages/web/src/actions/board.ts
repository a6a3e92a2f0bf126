import type { AppState } from '../app-state.ts'
import { isDark, setLook } from '../look/theme.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'
import { runLazy } from './run-lazy.ts'

export function boardActions(parts: AppState) {
  const { boardStore, panels, people, toasts, choose } = parts
  const { board } = boardStore
  return {
    choose: {
      group: 'board',
      label: words.choose,
      icon: 'images',
      keys: ['a'],
      run: () => choose('files'),
    },
    takePhoto: {
      group: 'board',
      label: words.takePhoto,
      icon: 'camera',
      keys: ['shift+a'],
      run: () => choose('camera'),
    },
    undo: {
      group: 'board',
      label: words.undo,
      icon: 'undo',
      keys: ['mod+z'],
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
      isPossible: boardStore.canRedo,
      run() {
        if (!board.redo()) toasts.say(words.nothingToRedo)
      },
    },
    rename: {
      group: 'board',
      label: words.rename,
      icon: 'pencil',
      keys: ['f2'],
      run: () => panels.rename(),
    },
    copyLink: {
      group: 'board',
      label: words.copyLink,
      icon: 'link',
      keys: ['l'],
      run: () => runLazy(parts, (deeds) => deeds.copyLink(parts)),
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
      run: () => void window.open(`/b/${board.id}/show`),
    },
    trash: {
      group: 'board',
      label: words.trash,
      icon: 'trash',
      keys: ['shift+t'],
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
      run: () => runLazy(parts, (deeds) => deeds.newBoard(parts)),
    },
    toFrontBoard: {
      group: 'board',
      label: words.toFrontBoard,
      icon: 'house',
      keys: ['shift+b'],
      isPossible: () => board.id !== 'main',
      run() {
        if (board.id !== 'main') location.assign('/')
      },
    },
    settings: {
      group: 'board',
      label: words.settings,
      icon: 'settings',
      keys: [','],
      run: () => panels.open('settings'),
    },
    switchTheme: {
      group: 'board',
      get label() {
        return words.toTheme(isDark() ? 'light' : 'dark')
      },
      icon: 'moon',
      keys: ['shift+l'],
      run: () => setLook(isDark() ? 'light' : 'dark'),
    },
    keySheet: {
      group: 'board',
      label: words.keySheet,
      icon: 'keyboard',
      keys: ['?'],
      run: () => panels.open('keys'),
    },
    palette: {
      group: 'board',
      label: words.palette,
      icon: 'search',
      keys: ['mod+k'],
      run: () => panels.open('palette'),
    },
  } satisfies Record<string, Action>
}
