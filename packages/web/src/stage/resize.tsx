import { around } from '@wirephoto/board'
import { createMemo, For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import { type Handle, ResizeGesture } from './resize-gesture.ts'

const HANDLES: readonly Handle[] = ['nw', 'n', 'ne', 'w', 'e', 'sw', 's', 'se'].map((name) => ({
  name,
  x: name.includes('w') ? 0 : name.includes('e') ? 1 : 0.5,
  y: name.includes('n') ? 0 : name.includes('s') ? 1 : 0.5,
}))
/** A shorter edge has no room for a handle between its corners. */
const MIN_EDGE_PX = 64
/** A selection with a shorter side is small: not even the room around a handle lies over it. */
const SMALL_SIDE_PX = 96
/** How far the handles lie outside: half of their own size, or of the room that takes presses. */
const OUTSET_PX = { handle: 5, finePress: 9, coarsePress: 21 }

/** Shows eight handles around the selection. Each scales it about the opposite side, with its ratio kept. */
export function ResizeHandles(props: { hidden: boolean }): JSX.Element {
  const app = useApp()
  const { boardStore, camera, selection, drag } = app
  const resize = new ResizeGesture(app)

  const isChangeable = createMemo(() => {
    boardStore.revision()
    return [...selection.ids()].every((id) => boardStore.may('image.patch', id))
  })
  const box = createMemo(() => {
    boardStore.revision()
    const boxes = [...selection.ids()].flatMap((id) => {
      const record = boardStore.boxes.get(id)
      const dragged = drag.isDragging() ? drag.position(id)() : undefined
      if (!record) return []
      const { x, y, w = record.w } = dragged ?? record
      return { x, y, w, h: (record.h / record.w) * w }
    })
    return around(boxes)
  })
  const onScreen = createMemo(() => {
    const selected = box()
    if (!selected) return null
    const { zoom } = camera.view()
    const [w, h] = [selected.w * zoom, selected.h * zoom]
    const { x, y } = toScreen(camera.view(), selected)
    const out = Math.min(w, h) < SMALL_SIDE_PX ? pressOutset() : OUTSET_PX.handle
    return { x: x - out, y: y - out, w: w + 2 * out, h: h + 2 * out }
  })
  const handles = createMemo(() => {
    const { w = 0, h = 0 } = onScreen() ?? {}
    return HANDLES.filter(
      ({ x, y }) => (x !== 0.5 || w >= MIN_EDGE_PX) && (y !== 0.5 || h >= MIN_EDGE_PX),
    )
  })

  return (
    <Show
      when={
        !props.hidden && isChangeable() && (!drag.isDragging() || resize.isActive) && onScreen()
      }
    >
      {(place) => (
        <div
          class="handles"
          classList={{ framed: selection.ids().size > 1 }}
          aria-hidden="true"
          style={{
            transform: `translate(${place().x}px, ${place().y}px)`,
            width: `${place().w}px`,
            height: `${place().h}px`,
          }}
        >
          <For each={handles()}>
            {(handle) => (
              <span
                class={`handle ${handle.name}`}
                style={{ left: `${handle.x * 100}%`, top: `${handle.y * 100}%` }}
                on:pointerdown={(event) => resize.begin(event, handle, box()!)}
                on:touchstart={(event) => event.preventDefault()}
              />
            )}
          </For>
        </div>
      )}
    </Show>
  )
}

const pressOutset = (): number =>
  matchMedia('(pointer: coarse)').matches ? OUTSET_PX.coarsePress : OUTSET_PX.finePress
