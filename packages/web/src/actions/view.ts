import type { AppState } from '../app-state.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'

/** Creates the actions on the view: zoom, fit and tools. */
export function viewActions({ camera, boardStore, setTool }: AppState) {
  return {
    fit: {
      group: 'view',
      label: words.fitAll,
      icon: 'maximize',
      keys: ['f', '0'],
      run: () => camera.fit(boardStore.extent, 'fly', boardStore.enlargement),
    },
    zoomIn: {
      group: 'view',
      label: words.zoomIn,
      icon: 'plus',
      keys: ['+', '='],
      run: () => camera.step(1),
    },
    zoomOut: {
      group: 'view',
      label: words.zoomOut,
      icon: 'minus',
      keys: ['-'],
      run: () => camera.step(-1),
    },
    zoomReset: {
      group: 'view',
      label: words.zoomReset,
      icon: 'search',
      keys: ['1'],
      run: () => camera.reset(),
    },
    selectTool: {
      group: 'view',
      label: words.select,
      icon: 'mousePointer',
      keys: ['v'],
      run: () => setTool('select'),
    },
    handTool: {
      group: 'view',
      label: words.hand,
      icon: 'hand',
      keys: ['h'],
      run: () => setTool('hand'),
    },
  } satisfies Record<string, Action>
}
