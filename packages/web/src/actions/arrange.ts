import type { AppState } from '../app-state.ts'
import { around } from '../geometry/box.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'
import { targetOf } from './pictures.ts'
import { runLazy } from './run-lazy.ts'

/** By how much Larger makes larger. */
const SCALE_STEP_FACTOR = 1.1

/** What drags do with pictures. */
export function arrangeActions(parts: AppState) {
  const { boardStore, camera, drag, selection, captionEditing } = parts
  const meant = (): string[] => targetOf(parts)
  const some = (): boolean => meant().length > 0
  const boxes = (ids: Iterable<string>) =>
    new Map(
      [...ids].flatMap((id) => {
        const box = boardStore.boxes.get(id)
        return box ? [[id, box] as const] : []
      }),
    )

  const scale = (factor: number): void => {
    const box = around(boxes(meant()).values())
    if (!box) return
    drag.lift(meant())
    drag.scaleBy(factor, { x: box.x + box.w / 2, y: box.y + box.h / 2 })
    drag.drop()
  }

  return {
    caption: {
      group: 'pictures',
      label: words.caption,
      icon: 'caption',
      keys: ['c', 'f2'],
      isPossible: () => meant().length === 1,
      run() {
        const [id] = meant()
        const box = id && boardStore.boxes.get(id)
        if (!id || !box) return
        camera.reveal(box)
        captionEditing.begin(id)
      },
    },
    copyPicture: {
      group: 'pictures',
      label: words.copyPicture,
      icon: 'clipboardCopy',
      keys: ['mod+c'],
      isPossible: () => meant().length === 1,
      run() {
        const [id] = meant()
        if (id) runLazy(parts, (deeds) => deeds.copyPicture(parts, id))
      },
    },
    duplicate: {
      group: 'pictures',
      label: words.duplicate,
      icon: 'duplicate',
      keys: ['mod+d'],
      isPossible: some,
      run() {
        const ids = meant()
        runLazy(parts, (deeds) => deeds.duplicate(parts, ids))
      },
    },
    tidy: {
      group: 'pictures',
      label: words.tidy,
      icon: 'tidy',
      keys: ['t'],
      isPossible: () => boardStore.count() > 1,
      /** Several that are selected, else the whole board. */
      run() {
        const selected = boxes(selection.ids())
        runLazy(parts, (deeds) =>
          deeds.tidy(parts, selected.size > 1 ? selected : boardStore.boxes),
        )
      },
    },
    sendToBack: {
      group: 'pictures',
      label: words.sendToBack,
      icon: 'sendToBack',
      keys: ['['],
      isPossible: some,
      run() {
        const ids = meant()
        runLazy(parts, (deeds) => deeds.sendToBack(parts, ids))
      },
    },
    larger: {
      group: 'pictures',
      label: words.larger,
      icon: 'larger',
      keys: ['>'],
      isPossible: some,
      run: () => scale(SCALE_STEP_FACTOR),
    },
    smaller: {
      group: 'pictures',
      label: words.smaller,
      icon: 'smaller',
      keys: ['<'],
      isPossible: some,
      run: () => scale(1 / SCALE_STEP_FACTOR),
    },
    copyView: {
      group: 'view',
      label: words.copyView,
      icon: 'view',
      keys: ['shift+v'],
      run: () => runLazy(parts, (deeds) => deeds.copyView(parts)),
    },
  } satisfies Record<string, Action>
}
