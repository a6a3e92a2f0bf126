import { createEffect, createMemo, For, type JSX, on, onCleanup, onMount, Show } from 'solid-js'
import { contextMenuFor } from '../actions/actions.ts'
import { enter } from '../actions/focus.ts'
import { useApp } from '../app.ts'
import { LazyPart } from '../ui/lazy-part.tsx'
import { words } from '../words/page.ts'
import { FarCanvas } from './far-canvas.tsx'
import { Gestures } from './gestures.ts'
import { listenToKeys } from './keys.ts'
import { Marquee, MarqueeBox } from './marquee.tsx'
import './stage.css'
import { stacked } from '../geometry/order.ts'
import { type Point, toBoard } from '../geometry/view.ts'
import { visiblePictures } from '../state/visible.ts'
import { Tile } from './tile.tsx'

const over = () => import('./overlay.tsx').then(({ Overlay }) => Overlay)

/** The ground with the pictures on it. */
export function Stage(): JSX.Element {
  const app = useApp()
  const { boardStore, camera, drag, selection, actions, panels, people, menus, toasts } = app
  const marquee = new Marquee(boardStore, selection)
  const shown = visiblePictures(boardStore, camera, drag, selection)
  const layers = createMemo(() =>
    stacked(shown.tiles(), boardStore.boxes, boardStore.stackRevision()),
  )
  const sayNoMenu = (): void => {
    if (menus.now()) toasts.warn(words.needsConnection)
    menus.close()
  }
  let stage!: HTMLDivElement
  let gestures!: Gestures

  createEffect(on(boardStore.revision, () => selection.retain(boardStore.boxes), { defer: true }))

  createEffect(on(selection.ids, (ids) => boardStore.board.select([...ids]), { defer: true }))
  const isAlone = createMemo(() => people.visitorCount() < 2)
  /** Where the mouse is on the board; null while it is elsewhere. */
  let pointer: Point | null = null
  const point = (): void => {
    if (!isAlone()) boardStore.board.point(pointer)
  }
  // Who comes sees where it rests.
  createEffect(on(isAlone, point, { defer: true }))
  const pointTo = (event: PointerEvent): void => {
    if (event.pointerType === 'touch') return
    const { x, y } = onBoard({ x: event.clientX, y: event.clientY })
    pointer = { x: Math.round(x), y: Math.round(y) }
    point()
  }
  const pointAway = (): void => {
    pointer = null
    boardStore.board.point(null)
  }
  const onBoard = (at: Point): Point => toBoard(camera.now, at)

  onMount(() => {
    const sized = new ResizeObserver(() => {
      camera.resize({ w: stage.clientWidth, h: stage.clientHeight })
    })
    sized.observe(stage)
    onCleanup(() => sized.disconnect())
    gestures = new Gestures(stage, camera, {
      pans: (id, event) =>
        app.tool() === 'hand' ||
        (event.pointerType !== 'mouse' && (id === null || !selection.has(id))),
      click(id, event) {
        menus.close()
        selection.activate(id)
        if (id === null) selection.clear()
        else if (event.shiftKey || event.ctrlKey || event.metaKey) selection.toggle(id)
        else if (event.pointerType !== 'mouse') {
          // A finger that has selected goes on selecting.
          if (selection.ids().size > 0) selection.toggle(id)
          else panels.enlarge(id)
        } else selection.select(id)
      },
      openMenu(id, at) {
        if (!selection.has(id)) selection.select(id)
        menus.open({
          at,
          get label() {
            return words.pictureMenu(selection.ids().size)
          },
          get items() {
            return contextMenuFor(actions)
          },
        })
      },
      doubleClick(id, event) {
        if (event.target instanceof Element && event.target.closest('.slug'))
          app.captionEditing.begin(id)
        else panels.enlarge(id)
      },
      beginMarquee: (from, { shiftKey }) => marquee.begin(onBoard(from), shiftKey),
      stretchMarquee: (to) => marquee.stretch(onBoard(to)),
      endMarquee: () => marquee.end(),
      cancelMarquee: () => marquee.cancel(),
      beginDrag(id, event) {
        menus.close()
        if (!selection.has(id)) selection.select(id)
        drag.lift(selection.ids(), event.altKey ? 'copies' : 'themselves')
      },
      drag: (dx, dy) => drag.moveBy(dx, dy),
      endDrag() {
        if (drag.originals().length > 0) selection.selectMany(drag.dropCopies())
        else drag.drop()
      },
      cancelDrag: () => drag.cancel(),
    })
    onCleanup(() => gestures.close())
    onCleanup(listenToKeys(app, gestures))
  })

  return (
    <main>
      <div
        ref={stage}
        class="stage"
        classList={{
          hand: app.tool() === 'hand',
          far: camera.level() < 0.5,
          tiny: camera.level() < 0.25,
          copying: drag.originals().length > 0,
          several: selection.ids().size > 1,
        }}
        role="listbox"
        aria-label={words.pictures(boardStore.count())}
        aria-multiselectable="true"
        tabindex={selection.active() || boardStore.count() === 0 ? -1 : 0}
        onPointerMove={pointTo}
        onPointerLeave={pointAway}
        onFocus={(event) => {
          const byTab = event.target === stage && stage.matches(':focus-visible')
          if (byTab) enter(app)
        }}
      >
        <div
          role="presentation"
          class="world"
          classList={{ moving: camera.isMoving() }}
          style={{
            transform: `scale(${camera.view().zoom}) translate(${-camera.view().x}px, ${-camera.view().y}px)`,
            '--zoom': camera.view().zoom,
          }}
        >
          <Show when={shown.onCanvas().length > 0}>
            <FarCanvas region={shown.region()} ids={shown.onCanvas()} />
          </Show>
          <For each={drag.originals()}>
            {(id) => <Original id={id} layer={layers().get(id) ?? 0} />}
          </For>
          <For each={shown.tiles()}>{(id) => <Tile id={id} layer={layers().get(id) ?? 0} />}</For>
        </div>
        <MarqueeBox box={marquee.box()} />
      </div>
      <LazyPart load={over} now={menus.now() !== null} onFailed={sayNoMenu} />
    </main>
  )
}

/** The picture where it stays, as it looks, while its tile is carried off as the copy. */
function Original(props: { id: string; layer: number }): JSX.Element {
  const { boardStore } = useApp()
  const { x = 0, y = 0, w = 0, h = 0 } = boardStore.boxes.get(props.id) ?? {}
  const print = document.querySelector(`[data-image="${props.id}"] > .print`)
  return (
    <div
      class="staying"
      style={{
        left: `${x}px`,
        top: `${y}px`,
        width: `${w}px`,
        height: `${h}px`,
        '--layer': props.layer,
      }}
    >
      {print?.cloneNode(true)}
    </div>
  )
}
