import { inReadingOrder } from '@wirephoto/board'
import { blobUrl } from '@wirephoto/client'
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  type JSX,
  on,
  onCleanup,
  onMount,
  Show,
} from 'solid-js'
import { can } from '../actions/action.ts'
import { actionFor } from '../actions/actions.ts'
import { goTo } from '../actions/focus.ts'
import { useApp } from '../app.ts'
import { largestScale } from '../geometry/picture-place.ts'
import { hasAlt, hasMod, pressedKey } from '../input/keys.ts'
import { isTextField } from '../input/text-field.ts'
import { IconButton } from '../look/button.tsx'
import { largeOrder } from '../state/large-order.ts'
import { awaitsVariant, sideFor } from '../state/resolution.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Steps } from '../ui/steps.tsx'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import { About, nameOf } from './about.tsx'
import { Large } from './large.tsx'
import { LargeGestures } from './large-gestures.ts'
import { PictureMotion } from './picture-motion.ts'
import { fitted, grow, shrink } from './size.ts'
import '../ui/full-panel.css'
import './lightbox.css'

/** A press of a zoom key zooms by this factor. */
const KEY_ZOOM_FACTOR = 1.5
/** Drawn down by this share of the frame, a picture stands on nothing. */
const FADED_FACTOR = 0.6
/** Drawn down so far, it is smaller by this share. */
const SMALLER_FACTOR = 0.3

/** The largest file that is preloaded. */
const MAX_PRELOAD_BYTES = 4_000_000

/** Shows one picture as large as the screen; keys and swipes lead to the others in reading order. */
export function Lightbox(): JSX.Element {
  const app = useApp()
  const { boardStore, panels, actions } = app
  const first = panels.large()!
  const id = createMemo<string>((last) => panels.large() ?? last, first)
  const record = createMemo(() => boardStore.picture(id())())
  const order = createMemo<readonly string[]>(() => {
    boardStore.revision()
    return largeOrder() ?? inReadingOrder(boardStore.boxes)
  })
  const nth = createMemo(() => order().indexOf(id()))
  const [frameSize, setFrameSize] = createSignal({ w: innerWidth, h: innerHeight })
  let frame!: HTMLElement
  let gestures!: LargeGestures
  let isLeaving = false

  const step = (to: number): void => {
    const next = order()[nth() + to]
    if (next && !isLeaving) panels.enlarge(next)
  }
  /** Closes the large view, on the tile of the last picture. */
  const leave = (): void => {
    if (isLeaving) return
    isLeaving = true
    const last = id()
    const left = (): void => {
      panels.close()
      goTo(app, last, last === first ? 'stay' : 'reveal')
    }
    // A view whose animation can't be played goes all the same.
    shrink(frame, last === first ? last : null).then(left, left)
  }

  /** Whether this view is deleting the picture; a toast reports that already. */
  let isOwnDoing = false
  createEffect(
    on(order, (now, before) => {
      if (now.includes(id()) || !before) return
      const at = before.indexOf(id())
      const stands = (each: string): boolean => boardStore.boxes.has(each)
      const next =
        before.slice(at + 1).find(stands) ?? before.slice(0, Math.max(0, at)).findLast(stands)
      if (!isOwnDoing) app.toasts.say(panelWords.wasDeleted)
      if (next) panels.enlarge(next)
      else panels.close()
    }),
  )
  const whole = createMemo(() => fitted(record() ?? { width: 1, height: 1, w: 1 }, frameSize()))
  const hasNeighbour = (way: 1 | -1): boolean => order()[nth() + way] !== undefined
  const motion = new PictureMotion({
    frame: () => frame,
    frameSize,
    whole,
    largestScale: () => largestScale(record()?.width ?? 1, whole().w),
    hasNeighbour,
    step,
  })
  const scrolls = createMemo(() => whole().scrolls && !motion.isZoomed())
  createEffect(
    on(
      id,
      () => {
        motion.reset()
        frame.scrollTop = 0
      },
      { defer: true },
    ),
  )
  createEffect(on([frameSize, whole], () => motion.fit(), { defer: true }))
  onCleanup(() => motion.stop())
  /** The neighbour that comes in beside the picture, as far as that is drawn aside: 1 for the next one. */
  const beside = createMemo(() => -Math.sign(motion.drawn().x) as -1 | 0 | 1)
  const shown = createMemo<readonly string[]>(() => {
    const neighbour = beside() === 0 ? undefined : order()[nth() + beside()]
    return neighbour === undefined ? [id()] : [id(), neighbour]
  })
  /** How far the picture is drawn down, from 0 to 1. */
  const fade = (): number => Math.min(1, motion.drawn().y / (frameSize().h * FADED_FACTOR))
  createEffect(() =>
    frame.closest('dialog')?.style.setProperty('--solid', `${100 * (1 - fade())}%`),
  )
  /** Scrolls a tall picture. False at its end, and where all of it is seen. */
  const scroll = (pages: number): boolean => {
    const before = frame.scrollTop
    frame.scrollTop += pages * frame.clientHeight
    return frame.scrollTop !== before
  }
  preload(() => [order()[nth() + 1], order()[nth() - 1]], frameSize)

  const here = [actions.filmstrip, actions.showOnScreens, actions.download, actions.delete]
  const onKeyDown = (event: KeyboardEvent): void => {
    const way = STEPS[event.key]
    const action = actionFor(actions, event)
    if (hasAlt(event) || isTextField(event.target)) return
    const zoom = hasMod(event) ? undefined : ZOOM_STEPS[pressedKey(event)]
    const pan = motion.isZoomed() ? PANNED[event.key] : undefined
    const pages = scrolls() ? SCROLLED_PAGES[event.key] : undefined
    const isOnButton = event.key === ' ' && event.target !== frame
    if (pages !== undefined && !isOnButton && scroll(event.shiftKey ? -pages : pages)) {
      // The key has done its work.
    } else if (zoom !== undefined) motion.zoomBy(zoom, { x: 0, y: 0 }, 'fly')
    else if (pan && motion.pan(...pan)) {
      // And so has this one. At an edge it goes on.
    } else if (way !== undefined) step(way)
    else if (event.key === 'Home') step(-nth())
    else if (event.key === 'End') step(order().length - 1 - nth())
    else if (action === actions.caption) {
      if (can(action)) app.captionEditing.begin(id())
    } else if (action && here.some((each) => each === action)) {
      isOwnDoing = action === actions.delete
      action.run()
      isOwnDoing = false
    } else return
    event.preventDefault()
  }
  // A press beside the caption's field ends that, and nothing more; so does a tap beside lines that are shown whole.
  onMount(() => {
    const dialog = frame.closest('dialog')!
    let hadCaption = false
    dialog.addEventListener('pointerdown', ({ pointerType }) => {
      const isTap = pointerType !== 'mouse'
      hadCaption =
        app.captionEditing.now() !== null || (isTap && dialog.querySelector('.whole') !== null)
    })
    const endsOnly = (event: MouseEvent): void => {
      const isGround = event.target === dialog || event.target === frame
      if (hadCaption && isGround) event.stopPropagation()
    }
    dialog.addEventListener('click', endsOnly, { capture: true })
  })
  let hasGrown = false
  const grown = (element: HTMLElement): void => {
    if (!hasGrown) grow(element, first)
    hasGrown = true
  }
  const sized = (element: HTMLElement): void => {
    frame = element
    const observer = new ResizeObserver(() =>
      setFrameSize({ w: element.clientWidth, h: element.clientHeight }),
    )
    observer.observe(element)
    onCleanup(() => observer.disconnect())
    gestures = new LargeGestures(element, motion, { hasNeighbour, scrolls, leave })
  }

  return (
    <Dialog
      class="full lightbox"
      label={panelWords.lightbox(nameOf(record()))}
      onKeyDown={onKeyDown}
      onClose={leave}
    >
      <figure
        ref={sized}
        class="frame"
        classList={{ scrolls: scrolls(), zoomed: motion.isZoomed() }}
        style={{
          '--x': `${motion.place().x + motion.drawn().x}px`,
          '--y': `${motion.place().y + motion.drawn().y}px`,
          '--aside': `${motion.drawn().x}px`,
          '--scale': motion.place().scale * (1 - SMALLER_FACTOR * fade()),
          '--scrolled': `${beside() === 0 ? 0 : frame.scrollTop}px`,
        }}
        // It keeps the focus, and with it the keys, when a picture follows that doesn't scroll.
        tabindex={scrolls() ? 0 : -1}
        // Space would press Close.
        autofocus={scrolls()}
        aria-label={scrolls() ? nameOf(record()) : undefined}
        onClick={({ target, currentTarget }) => {
          if (target === currentTarget && !gestures.hasMoved) leave()
        }}
      >
        <For each={shown()}>
          {(each) => (
            <Large
              id={each}
              frameSize={frameSize()}
              side={each === id() ? 0 : beside()}
              scale={each === id() ? motion.place().scale : 1}
              onFirst={grown}
            />
          )}
        </For>
      </figure>
      <footer>
        <About id={id()} record={record()} />
        <div class="buttons">
          <div class="steps">
            <Steps nth={nth()} count={order().length} onStep={step} />
          </div>
          <hr />
          <Show when={actions.filmstrip}>
            {(action) => (
              <Show when={can(action())}>
                <ActionButton action={action()} />
              </Show>
            )}
          </Show>
          <ActionButton action={actions.showOnScreens} />
          <ActionButton action={actions.download} />
          <IconButton icon="x" label={words.close} onClick={leave} autofocus />
        </div>
      </footer>
      <p class="visually-hidden" role="status">
        {`${nameOf(record())}, ${panelWords.position(nth() + 1, order().length)}`}
      </p>
    </Dialog>
  )
}

/** The keys that scroll a tall picture, in frames. Page keys lead on to the next picture at its end. */
const SCROLLED_PAGES: Record<string, number> = {
  ArrowDown: 0.2,
  ArrowUp: -0.2,
  PageDown: 0.9,
  PageUp: -0.9,
  ' ': 0.9,
}

/** The keys that zoom, and by which factor; by none to the whole picture. */
const ZOOM_STEPS: Record<string, number> = {
  '+': KEY_ZOOM_FACTOR,
  '=': KEY_ZOOM_FACTOR,
  '-': 1 / KEY_ZOOM_FACTOR,
  '0': 0,
}

/** The keys that move a zoomed picture, in frames. */
const PANNED: Record<string, readonly [number, number]> = {
  ArrowLeft: [0.25, 0],
  ArrowRight: [-0.25, 0],
  ArrowUp: [0, 0.25],
  ArrowDown: [0, -0.25],
}

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }

/** Preloads pictures in the size in which they would be shown. */
function preload(
  ids: () => readonly (string | undefined)[],
  frameSize: () => { w: number; h: number },
): void {
  const { boardStore } = useApp()
  const loaded = new Map<string, HTMLImageElement>()
  createEffect(() => {
    for (const id of ids()) {
      const record = id === undefined ? undefined : boardStore.get(id)
      if (!record?.blob) continue
      const { pixels } = fitted(record, frameSize())
      const side = sideFor(record, pixels)
      if (awaitsVariant(record, pixels)) continue
      if (side === Number.POSITIVE_INFINITY && record.bytes! > MAX_PRELOAD_BYTES) continue
      const url = blobUrl(boardStore.board, record, side)
      if (!url || loaded.has(url)) continue
      const image = new Image()
      image.src = url
      loaded.set(url, image)
    }
  })
}
