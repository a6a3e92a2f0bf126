import { type Box, limits } from '@wirephoto/board'
import { createMemo, For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { around } from '../geometry/box.ts'
import { type Point, toScreen } from '../geometry/view.ts'

/** A handle's name and its place on the box, from 0 at the left or top to 1. */
interface Handle {
  readonly name: string
  readonly x: number
  readonly y: number
}

const HANDLES: readonly Handle[] = ['nw', 'n', 'ne', 'w', 'e', 'sw', 's', 'se'].map((name) => ({
  name,
  x: name.includes('w') ? 0 : name.includes('e') ? 1 : 0.5,
  y: name.includes('n') ? 0 : name.includes('s') ? 1 : 0.5,
}))
const MIN_WIDTH_UNITS = 8
/** A shorter edge has no room for a handle between its corners. */
const MIN_EDGE_PX = 64

/** Shows eight handles around the selection. Each scales it about the opposite side, with its ratio kept. */
export function ResizeHandles(props: { hidden: boolean }): JSX.Element {
  const { boardStore, camera, selection, drag } = useApp()
  let pull: { from: Point; grip: Handle; box: Box; least: number; most: number } | null = null

  const box = createMemo(() => {
    boardStore.revision()
    const boxes = [...selection.ids()].flatMap((id) => {
      const record = boardStore.boxes.get(id)
      const held = drag.isDragging() ? drag.position(id)() : undefined
      if (!record) return []
      const w = held?.w ?? record.w
      return { x: held?.x ?? record.x, y: held?.y ?? record.y, w, h: (record.h / record.w) * w }
    })
    return around(boxes)
  })
  const at = createMemo(() => {
    const selected = box()
    if (!selected) return null
    const view = camera.view()
    return { ...toScreen(view, selected), w: selected.w * view.zoom, h: selected.h * view.zoom }
  })
  const grips = createMemo(() => {
    const { w = 0, h = 0 } = at() ?? {}
    return HANDLES.filter(
      ({ x, y }) => (x !== 0.5 || w >= MIN_EDGE_PX) && (y !== 0.5 || h >= MIN_EDGE_PX),
    )
  })

  const begin = (event: PointerEvent, grip: Handle): void => {
    if (event.button !== 0) return
    event.preventDefault()
    event.stopPropagation()
    const selected = box()
    if (!selected) return
    const handle = event.currentTarget as HTMLElement
    handle.setPointerCapture(event.pointerId)
    const widths = [...selection.ids()].flatMap((id) => boardStore.get(id)?.w ?? [])
    const least = Math.min(1, MIN_WIDTH_UNITS / Math.min(...widths))
    pull = {
      from: event,
      grip,
      box: selected,
      least,
      most: limits.maxPictureWidth / Math.max(...widths),
    }
    const off = new AbortController()
    const on = <K extends keyof HTMLElementEventMap>(
      target: HTMLElement | Document,
      type: K,
      listener: (event: HTMLElementEventMap[K]) => void,
    ): void =>
      target.addEventListener(type, listener as EventListener, {
        signal: off.signal,
        capture: true,
      })
    const end = (how: () => void): void => {
      off.abort()
      pull = null
      how()
    }
    drag.lift(selection.ids())
    on(handle, 'pointermove', stretch)
    on(handle, 'pointerup', () => end(() => drag.drop()))
    on(handle, 'pointercancel', () => end(() => drag.cancel()))
    on(document, 'keydown', (pressed) => {
      if (pressed.key !== 'Escape') return
      pressed.stopPropagation()
      end(() => drag.cancel())
    })
  }
  const stretch = (event: PointerEvent): void => {
    if (!pull) return
    const { from, grip, box: start, least, most } = pull
    const { zoom } = camera.now
    const move = { x: (event.clientX - from.x) / zoom, y: (event.clientY - from.y) / zoom }
    const factor = Math.max(least, Math.min(most, factorOf(grip, start, move)))
    drag.scaleBy(factor, {
      x: start.x + start.w * (1 - grip.x),
      y: start.y + start.h * (1 - grip.y),
    })
  }

  return (
    <Show when={!props.hidden && (!drag.isDragging() || pull) && at()}>
      {(place) => (
        <div
          class="handles"
          aria-hidden="true"
          style={{
            transform: `translate(${place().x}px, ${place().y}px)`,
            width: `${place().w}px`,
            height: `${place().h}px`,
          }}
        >
          <For each={grips()}>
            {(grip) => (
              <span
                class={`handle ${grip.name}`}
                style={{ left: `${grip.x * 100}%`, top: `${grip.y * 100}%` }}
                on:pointerdown={(event) => begin(event, grip)}
                on:touchstart={(event) => event.preventDefault()}
              />
            )}
          </For>
        </div>
      )}
    </Show>
  )
}

/** Returns the factor by which a handle's move scales the box: along its diagonal, or across its side. */
function factorOf({ x, y }: Handle, { w, h }: Box, move: Point): number {
  const [dx, dy] = [(2 * x - 1) * w, (2 * y - 1) * h]
  return 1 + (move.x * dx + move.y * dy) / (dx * dx + dy * dy)
}
