import { createMemo, For, type JSX, Show } from 'solid-js'
import { actionsFor } from '../actions/actions.ts'
import { useApp } from '../app.ts'
import { around } from '../geometry/box.ts'
import { toScreen } from '../geometry/view.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { words } from '../words/page.ts'

/** The space around each button, and between the bar and its pictures. */
const BAR_PX = { edge: 4, gap: 12 }
const INFO_HEIGHT_PX = 20

/** Shows the selection's actions: above it, else below, and never off the screen. */
export function SelectionBar(props: { hidden: boolean }): JSX.Element {
  const { boardStore, camera, selection, drag, actions } = useApp()
  const box = createMemo(() => {
    boardStore.revision()
    const boxes = [...selection.ids()].flatMap((id) => boardStore.boxes.get(id) ?? [])
    return around(boxes)
  })
  const offered = createMemo(() => (box() ? actionsFor(actions) : []))
  const at = createMemo(() => {
    const selected = box()
    if (!selected) return null
    const target = matchMedia('(pointer: coarse)').matches ? 44 : 32
    const width = offered().length * (target + BAR_PX.edge) + BAR_PX.edge
    const height = target + 3 * BAR_PX.edge
    const view = camera.view()
    const { w, h } = camera.size()
    const { x, y } = toScreen(view, selected)
    const right = x + selected.w * view.zoom
    const bottom = y + selected.h * view.zoom
    if (right < 0 || x > w || bottom < 0 || y > h) return null
    const top = y - height - BAR_PX.gap
    const { insets } = camera
    return {
      x: clamp((x + right) / 2 - width / 2, 8, w - width - 8),
      y: clamp(
        top >= insets.top ? top : bottom + BAR_PX.gap + INFO_HEIGHT_PX,
        insets.top,
        h - insets.bottom - height,
      ),
    }
  })
  return (
    <Show when={!props.hidden && !drag.isDragging() && at()}>
      {(place) => (
        <div
          class="selection-bar sheet"
          role="toolbar"
          aria-label={words.pictureMenu(selection.ids().size)}
          style={{ transform: `translate(${Math.round(place().x)}px, ${Math.round(place().y)}px)` }}
        >
          <For each={offered()}>{(action) => <ActionButton action={action} />}</For>
        </div>
      )}
    </Show>
  )
}

const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, value))
