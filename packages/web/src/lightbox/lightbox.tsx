import { type ImageRecord } from '@wirephoto/board'
import { blobUrl } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, type JSX, on, onCleanup, Show } from 'solid-js'
import { actionFor } from '../actions/actions.ts'
import { goTo } from '../actions/focus.ts'
import { useApp } from '../app.ts'
import { inReadingOrder } from '../geometry/order.ts'
import { hasAlt } from '../input/keys.ts'
import { IconButton } from '../look/button.tsx'
import type { BoardStore } from '../state/board-store.ts'
import { largeOrder } from '../state/large-order.ts'
import { awaitsVariant, sideFor } from '../state/resolution.ts'
import { ActionButton } from '../ui/action-button.tsx'
import { authorAndTime } from '../ui/author-and-time.ts'
import { Dialog } from '../ui/dialog.tsx'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import { Large } from './large.tsx'
import './lightbox.css'
import { Swipe } from '../input/swipe.ts'
import { formatSize } from '../words/format-size.ts'
import { fitted, grow, shrink } from './size.ts'

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
  const scrolls = createMemo(() => {
    const now = record()
    return now !== undefined && fitted(now, frameSize()).scrolls
  })
  createEffect(on(id, () => (frame.scrollTop = 0), { defer: true }))
  /** Scrolls a tall picture. False at its end, and where all of it is seen. */
  const scroll = (pages: number): boolean => {
    const before = frame.scrollTop
    frame.scrollTop += pages * frame.clientHeight
    return frame.scrollTop !== before
  }
  preload(() => [order()[nth() + 1], order()[nth() - 1]], frameSize)

  const here = [actions.showOnScreens, actions.download, actions.delete]
  const onKeyDown = (event: KeyboardEvent): void => {
    const way = STEPS[event.key]
    const action = actionFor(actions, event)
    if (hasAlt(event)) return
    const pages = scrolls() ? SCROLLED_PAGES[event.key] : undefined
    const isOnButton = event.key === ' ' && event.target !== frame
    if (pages !== undefined && !isOnButton && scroll(event.shiftKey ? -pages : pages)) {
      // The key has done its work.
    } else if (way !== undefined) step(way)
    else if (event.key === 'Home') step(-nth())
    else if (event.key === 'End') step(order().length - 1 - nth())
    else if (action && here.some((each) => each === action)) {
      isOwnDoing = action === actions.delete
      action.run()
      isOwnDoing = false
    } else return
    event.preventDefault()
  }
  const sized = (element: HTMLElement): void => {
    frame = element
    const observer = new ResizeObserver(() =>
      setFrameSize({ w: element.clientWidth, h: element.clientHeight }),
    )
    observer.observe(element)
    onCleanup(() => observer.disconnect())
    new Swipe(element, { step, leave })
  }

  return (
    <Dialog
      class="lightbox"
      label={panelWords.lightbox(nameOf(record()))}
      onKeyDown={onKeyDown}
      onClose={leave}
    >
      <figure
        ref={sized}
        class="frame"
        classList={{ scrolls: scrolls() }}
        // It keeps the focus, and with it the keys, when a picture follows that doesn't scroll.
        tabindex={scrolls() ? 0 : -1}
        // Space would press Close.
        autofocus={scrolls()}
        aria-label={scrolls() ? nameOf(record()) : undefined}
        onClick={({ target, currentTarget }) => {
          if (target === currentTarget) leave()
        }}
      >
        <Show when={id()} keyed>
          {(each) => (
            <Large
              id={each}
              frameSize={frameSize()}
              name={nameOf(record())}
              onFirst={(element) => each === first && grow(element, each)}
            />
          )}
        </Show>
      </figure>
      <footer>
        <About record={record()} />
        <div class="buttons">
          <Steps nth={nth()} count={order().length} onStep={step} />
          <hr />
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

/** Shows a picture's caption, file, author and time, and the site that it comes from. */
function About(props: { record: ImageRecord | undefined }): JSX.Element {
  const { boardStore } = useApp()
  return (
    <div class="about">
      <Show when={props.record?.caption}>
        {(caption) => (
          <p class="caption" dir="auto">
            {caption()}
          </p>
        )}
      </Show>
      <p class="mono">
        <span translate="no">{describe(props.record, boardStore)}</span>
        <Show when={props.record?.source}>
          {(address) => (
            <span>
              {' · '}
              <a href={address()} target="_blank" rel="noopener noreferrer nofollow">
                {panelWords.from(new URL(address()).host)}
              </a>
            </span>
          )}
        </Show>
      </p>
    </div>
  )
}

/** Shows the position among all pictures, between the buttons for the previous and the next one. */
function Steps(props: { nth: number; count: number; onStep: (to: 1 | -1) => void }): JSX.Element {
  return (
    <>
      <IconButton
        icon="chevronDown"
        label={panelWords.previous}
        disabled={props.nth <= 0}
        onClick={() => props.onStep(-1)}
      />
      <span class="mono">{panelWords.position(props.nth + 1, props.count)}</span>
      <IconButton
        icon="chevronDown"
        label={panelWords.next}
        disabled={props.nth >= props.count - 1}
        onClick={() => props.onStep(1)}
      />
    </>
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

const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1 }

const nameOf = (record: ImageRecord | undefined): string => record?.caption || record?.name || ''

/** Returns one line: file name, author, time, pixels, size. */
function describe(record: ImageRecord | undefined, boardStore: BoardStore): string {
  if (!record) return ''
  const { name, width, height, bytes } = record
  return [
    name,
    ...authorAndTime(record, boardStore),
    panelWords.pixels(width, height),
    bytes === null ? '' : formatSize(bytes),
  ]
    .filter(Boolean)
    .join(' · ')
}

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
