import { words } from '@wirephoto/board'
import type { Parts } from '../app.ts'
import { around } from '../geometry/view.ts'
import type { Action } from './action.ts'
import { does } from './does.ts'
import { meantBy } from './pictures.ts'

const { ui } = words

/** By how much Larger makes larger. */
const STEP = 1.1

/** What hands do with pictures. */
export function handActions(parts: Parts) {
  const { desk, camera, hands, selection, captioning } = parts
  const meant = (): string[] => meantBy(parts)
  const some = (): boolean => meant().length > 0
  const boxes = (ids: Iterable<string>) =>
    new Map(
      [...ids].flatMap((id) => {
        const box = desk.boxes.get(id)
        return box ? [[id, box] as const] : []
      }),
    )

  const scale = (factor: number): void => {
    const box = around(boxes(meant()).values())
    if (!box) return
    hands.lift(meant())
    hands.scale(factor, { x: box.x + box.w / 2, y: box.y + box.h / 2 })
    hands.letGo()
  }

  return {
    caption: {
      group: 'pictures',
      label: ui.caption,
      icon: 'caption',
      keys: ['c', 'f2'],
      isPossible: () => meant().length === 1,
      run() {
        const [id] = meant()
        const box = id && desk.boxes.get(id)
        if (!id || !box) return
        camera.reveal(box)
        captioning.begin(id)
      },
    },
    copyPicture: {
      group: 'pictures',
      label: ui.copyPicture,
      icon: 'clipboardCopy',
      keys: ['mod+c'],
      isPossible: () => meant().length === 1,
      run() {
        const [id] = meant()
        if (id) does(parts, (deeds) => deeds.copyPicture(parts, id))
      },
    },
    duplicate: {
      group: 'pictures',
      label: ui.duplicate,
      icon: 'duplicate',
      keys: ['mod+d'],
      isPossible: some,
      run() {
        const ids = meant()
        does(parts, (deeds) => deeds.duplicate(parts, ids))
      },
    },
    tidy: {
      group: 'pictures',
      label: ui.tidy,
      icon: 'tidy',
      keys: ['t'],
      isPossible: () => desk.count() > 1,
      /** Several that are selected, else the whole board. */
      run() {
        const selected = boxes(selection.ids())
        does(parts, (deeds) => deeds.tidy(parts, selected.size > 1 ? selected : desk.boxes))
      },
    },
    sendToBack: {
      group: 'pictures',
      label: ui.sendToBack,
      icon: 'sendToBack',
      keys: ['['],
      isPossible: some,
      run() {
        const ids = meant()
        does(parts, (deeds) => deeds.sendToBack(parts, ids))
      },
    },
    larger: {
      group: 'pictures',
      label: ui.larger,
      icon: 'larger',
      keys: ['>'],
      isPossible: some,
      run: () => scale(STEP),
    },
    smaller: {
      group: 'pictures',
      label: ui.smaller,
      icon: 'smaller',
      keys: ['<'],
      isPossible: some,
      run: () => scale(1 / STEP),
    },
    copyView: {
      group: 'view',
      label: ui.copyView,
      icon: 'view',
      keys: ['shift+v'],
      run: () => does(parts, (deeds) => deeds.copyView(parts)),
    },
  } satisfies Record<string, Action>
}
