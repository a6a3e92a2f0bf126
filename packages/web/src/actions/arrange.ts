import type { AppState } from '../app-state.ts'
import { around } from '../geometry/box.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'
import { targetOf } from './pictures.ts'
import { runLazy } from './run-lazy.ts'

const SCALE_STEP_FACTOR = 1.1

/** Creates the actions that change pictures on the board: captions, copies, places and sizes. */
export function arrangeActions(app: AppState) {
  const { boardStore, camera, drag, selection, captionEditing } = app
  const target = (): string[] => targetOf(app)
  const hasTarget = (): boolean => target().length > 0
  const changeable = (): string[] => targetOf(app, 'image.patch')
  const hasChangeable = (): boolean => changeable().length > 0

  const scale = (factor: number): void => {
    const box = around(changeable().flatMap((id) => boardStore.boxes.get(id) ?? []))
    if (!box) return
    drag.lift(changeable())
    drag.scaleBy(factor, { x: box.x + box.w / 2, y: box.y + box.h / 2 })
    drag.drop()
  }

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
    sendToBack: {
      group: 'pictures',
      label: words.sendToBack,
      icon: 'sendToBack',
      keys: ['['],
      needs: 'image.add',
      isPossible: hasChangeable,
      run() {
        const ids = changeable()
        runLazy(app, (lazy) => lazy.sendToBack(app, ids))
      },
    },
    larger: {
      group: 'pictures',
      label: words.larger,
      icon: 'larger',
      keys: ['>'],
      needs: 'image.add',
      isPossible: hasChangeable,
      run: () => scale(SCALE_STEP_FACTOR),
    },
    smaller: {
      group: 'pictures',
      label: words.smaller,
      icon: 'smaller',
      keys: ['<'],
      needs: 'image.add',
      isPossible: hasChangeable,
      run: () => scale(1 / SCALE_STEP_FACTOR),
    },
  } satisfies Record<string, Action>
}
