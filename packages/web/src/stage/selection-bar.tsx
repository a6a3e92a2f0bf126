import { around } from '@wirephoto/board'
import { createMemo, For, type JSX, Show } from 'solid-js'
import { type Action, can } from '../actions/action.ts'
import type { Actions } from '../actions/actions.ts'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { words } from '../words/page.ts'
import { transformTo, useFloating } from './floating.ts'

/** The space between the bar and its pictures, and the height of the strip below a picture. */
const GAP_PX = 12
const INFO_HEIGHT_PX = 20

/** Shows the selection's actions: above it, else below, else where there is room. */
export function SelectionBar(props: { hidden: boolean }): JSX.Element {
  const { boardStore, camera, selection, drag, actions } = useApp()
  const box = createMemo(() => {
    boardStore.revision()
    const boxes = [...selection.ids()].flatMap((id) => boardStore.boxes.get(id) ?? [])
    return around(boxes)
  })
  const offered = createMemo(() => (box() ? actionsFor(actions) : []))
  const { at, ref } = useFloating().add('selection-bar', (size) => {
    const selected = box()
    if (!selected || props.hidden || drag.isDragging()) return null
    const view = camera.view()
    const screen = camera.size()
    const { x, y } = toScreen(view, selected)
    const right = x + selected.w * view.zoom
    const bottom = y + selected.h * view.zoom
    if (right < 0 || x > screen.w || bottom < 0 || y > screen.h) return null
    const left = (x + right - size.w) / 2
    const above = { x: left, y: y - size.h - GAP_PX }
    const below = { x: left, y: bottom + GAP_PX + INFO_HEIGHT_PX }
    return above.y >= camera.insets.top ? [above, below] : [below, above]
  })
  return (
    <Show when={at()}>
      {(place) => (
        <div
          ref={ref}
          class="selection-bar sheet"
          role="toolbar"
          aria-label={words.pictureMenu(selection.ids().size)}
          style={{ transform: transformTo(place()) }}
        >
          <For each={offered()}>{(action) => <ActionButton action={action} />}</For>
        </div>
      )}
    </Show>
  )
}

/** Returns those of the bar beside the selection: one row of a phone. */
const actionsFor = (actions: Actions): Action[] =>
  [
    actions.retry,
    actions.cancelSending,
    actions.openLarge,
    actions.caption,
    actions.download,
    actions.duplicate,
    actions.bringToFront,
    actions.delete,
  ].filter(can)
