import type { AppState } from '../app-state.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'
import { targetOf } from './pictures.ts'
import { runLazy } from './run-lazy.ts'

/** Creates the actions that change pictures on the board: captions, copies, places and sizes. */
export function arrangeActions(app: AppState) {
  const { boardStore, camera, selection, captionEditing } = app
  const target = (): string[] => targetOf(app)
  const hasTarget = (): boolean => target().length > 0
  const changeable = (): string[] => targetOf(app, 'image.patch')
  const hasChangeable = (): boolean => changeable().length > 0

  return {
    caption: {
      group: 'pictures',
      label: words.caption,
      icon: 'caption',
      keys: ['c', 'f2'],
      needs: 'image.add',
      isPossible: () => target().length === 1 && hasChangeable(),
      run() {
        const [id] = changeable()
        const box = id && boardStore.boxes.get(id)
        if (!id || !box) return
        camera.reveal(box)
        captionEditing.begin(id)
      },
    },
    copyPicture: {
      group: 'pictures',
      get label() {
        return words.copyPicture(target().length)
      },
      icon: 'clipboardCopy',
      keys: ['mod+c'],
      isPossible: hasTarget,
      run() {
        const ids = target()
        if (ids.length > 0) runLazy(app, (lazy) => lazy.copyPictures(app, ids))
      },
    },
    duplicate: {
      group: 'pictures',
      label: words.duplicate,
      icon: 'duplicate',
      keys: ['mod+d'],
      needs: 'image.copy',
      isPossible: hasTarget,
      run() {
        const ids = target()
        runLazy(app, (lazy) => lazy.duplicate(app, ids))
      },
    },
    tidy: {
      group: 'pictures',
      label: words.tidy,
      icon: 'tidy',
      keys: ['t'],
      needs: 'image.patch',
      isPossible: () => boardStore.count() > 1,
      /** Tidies the selected pictures if there are several, else the whole board. */
      run() {
        const selected = [...selection.ids()]
        runLazy(app, (lazy) => lazy.tidy(app, selected))
      },
    },
  } satisfies Record<string, Action>
}
