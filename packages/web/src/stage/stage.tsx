import { createEffect, createMemo, For, type JSX, on, onCleanup, onMount, Show } from 'solid-js'
import { enter } from '../actions/focus.ts'
import { useApp } from '../app.ts'
import { LazyPart } from '../ui/lazy-part.tsx'
import { words } from '../words/page.ts'
import { gestureHandlers } from './gesture-handlers.ts'
import { Gestures } from './gestures.ts'
import { listenToKeys } from './keys.ts'
import { lateViews } from './late-views.ts'
import { Original } from './original.tsx'
import { sharePointer } from './pointer-presence.ts'
import './stage.css'
import { stacked } from '../geometry/order.ts'
import { visiblePictures } from '../state/visible.ts'
import { Tile } from './tile.tsx'

/** The zoom from which pictures show their author's initial. */
const MIN_INITIAL_ZOOM_FACTOR = 0.6

const overlay = () => import('./overlay.tsx').then(({ Overlay }) => Overlay)

/** Shows the ground with the pictures on it. */
export function Stage(): JSX.Element {
  const app = useApp()
  const { boardStore, camera, drag, selection, menus } = app
  const marquee = createMemo(() => {
    const late = lateViews()
    return late && new late.Marquee(boardStore, selection)
  })
  const pointer = sharePointer(app)
  const visible = visiblePictures(boardStore, camera, drag, selection)
  const layers = createMemo(() =>
    stacked(visible.tiles(), boardStore.boxes, boardStore.stackRevision()),
  )
  const isAfar = createMemo(() => camera.view().zoom < MIN_INITIAL_ZOOM_FACTOR)
  let stage!: HTMLDivElement

  createEffect(on(boardStore.revision, () => selection.retain(boardStore.boxes), { defer: true }))
  createEffect(on(selection.ids, (ids) => boardStore.board.select([...ids]), { defer: true }))
  onMount(() => {
    const observer = new ResizeObserver(() => {
      camera.resize({ w: stage.clientWidth, h: stage.clientHeight })
    })
    observer.observe(stage)
    onCleanup(() => observer.disconnect())
    const gestures = new Gestures(stage, camera, gestureHandlers(app, marquee))
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
          'from-afar': isAfar(),
          'below-half': camera.level() < 0.5,
          'below-quarter': camera.level() < 0.25,
          copying: drag.originals().length > 0,
          several: selection.ids().size > 1,
        }}
        role="listbox"
        aria-label={words.pictures(boardStore.count())}
        aria-multiselectable="true"
        tabindex={selection.active() || boardStore.count() === 0 ? -1 : 0}
        onPointerMove={pointer.move}
        onPointerLeave={pointer.leave}
        onFocus={(event) => {
          const isGiven = 'given' in stage.dataset
          const byTab = event.target === stage && !isGiven && stage.matches(':focus-visible')
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
          <Show when={visible.onCanvas().length > 0 && lateViews()} keyed>
            {({ FarCanvas }) => <FarCanvas region={visible.region()} ids={visible.onCanvas()} />}
          </Show>
          <For each={drag.originals()}>
            {(id) => <Original id={id} layer={layers().get(id) ?? 0} />}
          </For>
          <For each={visible.tiles()}>{(id) => <Tile id={id} layer={layers().get(id) ?? 0} />}</For>
        </div>
        <Show when={lateViews()} keyed>
          {({ MarqueeBox }) => <MarqueeBox box={marquee()!.box()} />}
        </Show>
      </div>
      <LazyPart load={overlay} now={menus.now() !== null} onFailed={menus.close} />
    </main>
  )
}
