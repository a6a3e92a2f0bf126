import type { App } from '../app.ts'
import { type Point, toBoard } from '../geometry/view.ts'
import { words } from '../words/page.ts'
import type { GestureHandlers } from './gestures.ts'
import type { Marquee } from './marquee.tsx'

/** Returns what gestures do to pictures, the selection and the view. */
export function gestureHandlers(app: App, marquee: () => Marquee | null): GestureHandlers {
  const { boardStore, camera, captionEditing, drag, menus, panels, selection } = app
  let drawn: Marquee | null = null
  const onBoard = (at: Point): Point => toBoard(camera.now, at)
  const selectUnlessSelected = (id: string): void => {
    if (!selection.has(id)) selection.select(id)
  }
  return {
    pans: (id, { pointerType, altKey }) =>
      app.tool() === 'hand' ||
      (pointerType !== 'mouse' && (id === null || !selection.has(id))) ||
      (id !== null && !boardStore.may(altKey ? 'image.copy' : 'image.patch', id)),
    click(id, event) {
      menus.close()
      selection.activate(id)
      if (id === null) selection.clear()
      else if (event.shiftKey || event.ctrlKey || event.metaKey) selection.toggle(id)
      else if (event.pointerType === 'mouse') selection.select(id)
      // On touch, taps go on selecting once something is selected.
      else if (selection.ids().size > 0) selection.toggle(id)
      else panels.enlarge(id)
    },
    doubleClick(id, { target }) {
      const isOnInfo = target instanceof Element && target.closest('.picture-info')
      if (isOnInfo && boardStore.may('image.patch', id)) captionEditing.begin(id)
      else panels.enlarge(id)
    },
    openMenu(id, at) {
      if (id !== null) selectUnlessSelected(id)
      menus.open({
        name: id === null ? 'ground' : 'pictures',
        at,
        get label() {
          return id === null ? words.boardMenu : words.pictureMenu(selection.ids().size)
        },
      })
    },
    beginMarquee(from, { shiftKey }) {
      drawn = marquee()
      drawn?.begin(onBoard(from), shiftKey)
    },
    stretchMarquee: (to) => drawn?.stretch(onBoard(to)),
    endMarquee: () => drawn?.end(),
    cancelMarquee: () => drawn?.cancel(),
    beginDrag(id, { altKey }) {
      menus.close()
      selectUnlessSelected(id)
      const verb = altKey ? 'image.copy' : 'image.patch'
      const ids = [...selection.ids()].filter((each) => boardStore.may(verb, each))
      drag.lift(ids, altKey ? 'copies' : 'themselves')
    },
    drag: (dx, dy) => drag.moveBy(dx, dy),
    endDrag() {
      if (drag.originals().length > 0) selection.selectMany(drag.dropCopies())
      else drag.drop()
    },
    cancelDrag: () => drag.cancel(),
  }
}
