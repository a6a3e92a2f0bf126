import { words } from '@wirephoto/board'
import type { Parts } from '../app.ts'
import type { Action } from './action.ts'

const { ui } = words

export function viewActions({ camera, desk, setTool }: Parts) {
  return {
    fit: {
      group: 'view',
      label: ui.fitAll,
      icon: 'maximize',
      keys: ['f', '0'],
      run: () => camera.fit(desk.extent),
    },
    zoomIn: {
      group: 'view',
      label: ui.zoomIn,
      icon: 'plus',
      keys: ['+', '='],
      run: () => camera.step(1),
    },
    zoomOut: {
      group: 'view',
      label: ui.zoomOut,
      icon: 'minus',
      keys: ['-'],
      run: () => camera.step(-1),
    },
    zoomReset: {
      group: 'view',
      label: ui.zoomReset,
      icon: 'search',
      keys: ['1'],
      run: () => camera.reset(),
    },
    selectTool: {
      group: 'view',
      label: ui.select,
      icon: 'mousePointer',
      keys: ['v'],
      run: () => setTool('select'),
    },
    handTool: {
      group: 'view',
      label: ui.hand,
      icon: 'hand',
      keys: ['h'],
      run: () => setTool('hand'),
    },
  } satisfies Record<string, Action>
}
