import type { AppState } from '../app-state.ts'
import { isDark, setLook } from '../look/theme.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'

/** Creates the actions on the page itself: its settings, its theme, and the lists of all actions. */
export function pageActions({ panels }: AppState) {
  return {
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
