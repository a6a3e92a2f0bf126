import { words } from '@wirephoto/board'
import type { Parts } from '../app.ts'
import { isDark, setLook } from '../look/theme.ts'
import type { Action } from './action.ts'
import { does } from './does.ts'

const { ui } = words

export function boardActions(parts: Parts) {
  const { desk, panels, people, toasts, choose } = parts
  const { board } = desk
  return {
    choose: {
      group: 'board',
      label: ui.choose,
      icon: 'images',
      keys: ['a'],
      run: () => choose('files'),
    },
    takePhoto: {
      group: 'board',
      label: ui.takePhoto,
      icon: 'camera',
      keys: ['shift+a'],
      run: () => choose('camera'),
    },
    undo: {
      group: 'board',
      label: ui.undo,
      icon: 'undo',
      keys: ['mod+z'],
      isPossible: desk.canUndo,
      run() {
        if (!board.undo()) toasts.say(ui.nothingToUndo)
      },
    },
    redo: {
      group: 'board',
      label: ui.redo,
      icon: 'redo',
      keys: ['mod+shift+z', 'mod+y'],
      isPossible: desk.canRedo,
      run() {
        if (!board.redo()) toasts.say(ui.nothingToRedo)
      },
    },
    rename: {
      group: 'board',
      label: ui.rename,
      icon: 'pencil',
      keys: ['f2'],
      run: () => panels.rename(),
    },
    copyLink: {
      group: 'board',
      label: ui.copyLink,
      icon: 'link',
      keys: ['l'],
      run: () => does(parts, (deeds) => deeds.copyLink(parts)),
    },
    people: {
      group: 'board',
      label: ui.people,
      icon: 'people',
      keys: ['p'],
      run: () => people.toggle(),
    },
    openWall: {
      group: 'board',
      label: ui.openWall,
      icon: 'wall',
      keys: ['shift+w'],
      run: () => void window.open(`/b/${board.id}/show`),
    },
    trash: {
      group: 'board',
      label: ui.trash,
      icon: 'trash',
      keys: ['shift+t'],
      run: () => panels.open('trash'),
    },
    boards: {
      group: 'board',
      label: ui.boards,
      icon: 'boards',
      keys: ['b'],
      run: () => panels.open('boards'),
    },
    newBoard: {
      group: 'board',
      label: ui.newBoard,
      icon: 'squarePlus',
      keys: ['n'],
      run: () => does(parts, (deeds) => deeds.newBoard(parts)),
    },
    toFrontBoard: {
      group: 'board',
      label: ui.toFrontBoard,
      icon: 'house',
      keys: ['shift+b'],
      isPossible: () => board.id !== 'main',
      run() {
        if (board.id !== 'main') location.assign('/')
      },
    },
    settings: {
      group: 'board',
      label: ui.settings,
      icon: 'settings',
      keys: [','],
      run: () => panels.open('settings'),
    },
    switchTheme: {
      group: 'board',
      get label() {
        return ui.toTheme(isDark() ? 'light' : 'dark')
      },
      icon: 'moon',
      keys: ['shift+l'],
      run: () => setLook(isDark() ? 'light' : 'dark'),
    },
    keySheet: {
      group: 'board',
      label: ui.keySheet,
      icon: 'keyboard',
      keys: ['?'],
      run: () => panels.open('keys'),
    },
    palette: {
      group: 'board',
      label: ui.palette,
      icon: 'search',
      keys: ['mod+k'],
      run: () => panels.open('palette'),
    },
  } satisfies Record<string, Action>
}
