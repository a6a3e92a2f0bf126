import { words } from '@wirephoto/board'
import { createMemo, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { IconButton } from '../look/button.tsx'
import { around, toScreen } from './view.ts'

const { ui } = words

/** Screen pixels: how large the bar is, and how far above its pictures. */
const BAR = { w: 124, more: 36, h: 44, gap: 12 }
/** Screen pixels of the slug below. */
const SLUG = 20

/** What can be done with what is selected: above it, else below, and never off the screen. */
export function SelectionBar(props: { hidden: boolean }): JSX.Element {
  const { desk, camera, selection, hands, actions } = useApp()
  const box = createMemo(() => {
    desk.ticks()
    const boxes = [...selection.ids()].flatMap((id) => desk.boxes.get(id) ?? [])
    return around(boxes)
  })
  const sending = createMemo(() => {
    desk.ticks()
    return actions.sending().length
  })
  const at = createMemo(() => {
    const width = BAR.w + (sending() > 0 ? BAR.more : 0)
    const selected = box()
    if (!selected) return null
    const view = camera.view()
    const { w, h } = camera.size()
    const { x, y } = toScreen(view, selected)
    const right = x + selected.w * view.zoom
    const bottom = y + selected.h * view.zoom
    if (right < 0 || x > w || bottom < 0 || y > h) return null
    const top = y - BAR.h - BAR.gap
    const { insets } = camera
    return {
      x: clamp((x + right) / 2 - width / 2, 8, w - width - 8),
      y: clamp(
        top >= insets.top ? top : bottom + BAR.gap + SLUG,
        insets.top,
        h - insets.bottom - BAR.h,
      ),
    }
  })
  return (
    <Show when={!props.hidden && !hands.holding() && at()}>
      {(place) => (
        <div
          class="selection-bar sheet"
          role="toolbar"
          aria-label={ui.pictureMenu(selection.ids().size)}
          style={{ transform: `translate(${Math.round(place().x)}px, ${Math.round(place().y)}px)` }}
        >
          <Show when={sending() > 0}>
            <IconButton
              icon="x"
              label={ui.cancelSending(sending())}
              keys={ui.keys.cancel}
              onClick={() => actions.cancel()}
            />
          </Show>
          <IconButton
            icon="download"
            label={ui.download}
            keys="D"
            onClick={() => actions.download()}
          />
          <IconButton
            icon="bringToFront"
            label={ui.bringToFront}
            keys="]"
            onClick={() => actions.bringToFront()}
          />
          <IconButton
            icon="trash"
            label={ui.delete}
            keys={ui.keys.delete}
            onClick={() => actions.remove()}
          />
        </div>
      )}
    </Show>
  )
}

const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, value))
