import './feed.css'
import { type Box, isNewer } from '@wirephoto/board'
import {
  createEffect,
  createMemo,
  createSignal,
  For,
  type JSX,
  on,
  onCleanup,
  Show,
} from 'solid-js'
import { useApp } from '../app.ts'
import { boardUrl } from '../browser/board-links.ts'
import { isGuestPage, serverUrl } from '../browser/server-url.ts'
import { browserData } from '../browser/site-data.ts'
import { prefersReducedMotion } from '../look/motion.ts'
import { idsInFeed, setIdsInFeed } from '../state/feed-view.ts'
import { setLargeOrder } from '../state/large-order.ts'
import { stableList } from '../state/stable-list.ts'
import { LazyPart } from '../ui/lazy-part.tsx'
import { feedWords } from '../words/feed.ts'
import { FeedNews } from './feed-news.tsx'
import { FeedPicture } from './feed-picture.tsx'
import { feedRows } from './feed-rows.ts'

/** Screens that are narrower show the feed. */
const NARROW = '(max-width: 599.98px)'
const VIEW_KEY = 'phone-view'
/** How far beyond the screen pictures are drawn, in screens. */
const MARGIN_FACTOR = 1
/** Between a guest's page and what stands at the bottom of the screen. */
const STANDING_GAP_PX = 16
/** The share of the screen's height that this may take: a phone on its side keeps some of the page. */
const MAX_STANDING_FACTOR = 0.6

type View = 'yours' | 'pictures' | 'board'

const own = () => import('./own-pictures.tsx').then(({ OwnPictures }) => OwnPictures)

/**
 * Shows, on a phone, the board's pictures as a feed, and the switch between it and the board. Guests, who may add and no
 * more, begin with their own page, which has an address of its own. Anybody may open that, on any screen.
 */
export function Feed(): JSX.Element {
  const { boardStore } = useApp()
  const { id } = boardStore.board
  const isNarrow = createNarrow()
  const [isAtGuestPage, setAtGuestPage] = createSignal(isGuestPage())
  const [kept, setKept] = createSignal(browserData.get(VIEW_KEY))
  const isGuest = (): boolean => boardStore.role() === 'add'
  const view = createMemo<View>(() => {
    if (isAtGuestPage()) return 'yours'
    if (!isNarrow() || kept() === 'board') return 'board'
    return isGuest() && kept() !== 'pictures' ? 'yours' : 'pictures'
  })
  const goTo = (address: string, isGuestPage: boolean): void => {
    history.replaceState(null, '', address)
    setAtGuestPage(isGuestPage)
  }
  const choose = (to: View): void => {
    const choice = to === 'yours' ? null : to
    browserData.set(VIEW_KEY, choice)
    setKept(choice)
    if (to === 'yours') goTo(`${serverUrl}/b/${id}/add`, true)
    else if (isAtGuestPage()) goTo(boardUrl(id), false)
  }
  createEffect(() => {
    if (view() === 'yours' && !isAtGuestPage()) goTo(`${serverUrl}/b/${id}/add`, true)
  })
  const offered = (): readonly View[] => [
    ...(isGuest() || isAtGuestPage() ? (['yours'] as const) : []),
    ...(isNarrow() ? (['pictures'] as const) : []),
    'board',
  ]
  return (
    <>
      <Show when={isAtGuestPage() || (isNarrow() && (isGuest() || boardStore.count() > 0))}>
        <nav class="feed-switch sheet" aria-label={feedWords.views}>
          <For each={offered()}>
            {(each) => (
              <button type="button" aria-pressed={view() === each} onClick={() => choose(each)}>
                {feedWords[each]}
              </button>
            )}
          </For>
        </nav>
      </Show>
      <Show when={view() === 'yours'}>
        <Pictures isBelowOwn />
      </Show>
      <Show when={view() === 'pictures' && boardStore.count() > 0}>
        <Pictures />
      </Show>
    </>
  )
}

/** Shows all pictures in rows, the newest on top, below a guest's own. Those that are near the screen have nodes. */
function Pictures(props: { isBelowOwn?: boolean }): JSX.Element {
  const { boardStore, paintReporter, panels, standingParts } = useApp()
  const [size, setSize] = createSignal({ w: innerWidth, h: innerHeight })
  const [scrolled, setScrolled] = createSignal(0)
  /** How far below the top the rows begin. */
  const [offset, setOffset] = createSignal(0)
  let scroller!: HTMLElement
  let list!: HTMLUListElement

  const ids = createMemo<readonly string[]>((last) => {
    boardStore.revision()
    const records = [...boardStore.boxes.keys()].flatMap((id) => boardStore.get(id) ?? [])
    const newest = records.sort((a, b) => (isNewer(a, b) ? -1 : 1)).map(({ id }) => id)
    return stableList(last, newest)
  }, [])
  const boxes = createMemo(() => {
    boardStore.revision()
    const ratios = ids().map((id) => {
      const { width = 1, height = 1 } = boardStore.get(id) ?? {}
      return width / height
    })
    return new Map(
      feedRows(ratios, size().w, document.dir === 'rtl').map((box, i) => [ids()[i]!, box]),
    )
  })
  /** How high the notices and the bar stand at the bottom, which a guest's page leaves free. */
  const standing = createMemo(() => {
    const tops = standingParts.boxes().flatMap(({ y, h }) => (y + h / 2 > innerHeight / 2 ? y : []))
    const height = innerHeight - Math.min(innerHeight, ...tops) + STANDING_GAP_PX
    return Math.min(height, innerHeight * MAX_STANDING_FACTOR)
  })
  const height = createMemo(() => {
    const last = boxes().get(ids().at(-1) ?? '')
    return last ? last.y + last.h : 0
  })
  const shown = createMemo<readonly string[]>((last) => {
    const margin = size().h * MARGIN_FACTOR
    const top = scrolled() - offset()
    const [from, to] = [top - margin, top + size().h + margin]
    const near = ids().filter((id) => isBetween(boxes().get(id), from, to))
    return stableList(last, near)
  }, [])

  const sized = (element: HTMLElement): void => {
    scroller = element
    const observer = new ResizeObserver(() => {
      setSize({ w: list.clientWidth, h: element.clientHeight })
      setOffset(list.offsetTop)
    })
    observer.observe(element)
    queueMicrotask(() => element.firstElementChild && observer.observe(element.firstElementChild))
    onCleanup(() => observer.disconnect())
  }
  setLargeOrder(ids)
  onCleanup(() => setLargeOrder(null))
  behindFeed(true)
  onCleanup(() => behindFeed(false))
  /** Tells which pictures are in view: title and switch lie over what is above the place of the first row. */
  const tellInView = (): void => {
    const top = scroller.scrollTop - (props.isBelowOwn ? list.offsetTop : 0)
    const bottom = scroller.scrollTop + scroller.clientHeight - list.offsetTop
    const inView = ids().filter((id) => isBetween(boxes().get(id), top, bottom))
    setIdsInFeed((last) => stableList(last ?? [], inView))
  }
  setIdsInFeed([])
  const isInViewOfBoard = paintReporter.isInView
  paintReporter.isInView = (id) => idsInFeed()?.includes(id) ?? false
  onCleanup(() => {
    setIdsInFeed(null)
    paintReporter.isInView = isInViewOfBoard
  })
  // The pictures in view stay where they are when others come on top. Those aren't in view before that.
  createEffect(
    on(boxes, (now, before) => {
      if (before && scroller.scrollTop > 0) {
        const top = scroller.scrollTop - list.offsetTop
        const seen = [...before].find(([id, { y, h }]) => y + h > top && now.has(id))
        const moved = seen ? now.get(seen[0])!.y - seen[1].y : 0
        // To set it ends a scroll that is under way.
        if (moved !== 0) scroller.scrollTop += moved
      }
      tellInView()
    }),
  )
  createEffect(on([scrolled, size, offset], tellInView, { defer: true }))
  // The large view leads back to the picture that it showed last.
  createEffect(
    on(panels.large, (now, before) => {
      const box = now === null && before ? boxes().get(before) : undefined
      if (!box) return
      const top = scroller.scrollTop
      const y = list.offsetTop + box.y
      if (y < top || y + box.h > top + size().h) scroller.scrollTop = y - (size().h - box.h) / 2
      scroller.querySelector<HTMLElement>(`[data-image="${before}"] button`)?.focus()
    }),
  )

  return (
    <main
      ref={sized}
      class="feed"
      classList={{ guest: props.isBelowOwn }}
      style={{ bottom: props.isBelowOwn ? `${standing()}px` : undefined }}
      aria-label={feedWords.newestFirst(ids().length)}
      onScroll={() => setScrolled(scroller.scrollTop)}
    >
      <Show when={props.isBelowOwn}>
        <div class="own">
          <LazyPart load={own} now />
        </div>
      </Show>
      <ul ref={list} style={{ height: `${height()}px` }}>
        <For each={shown()}>{(id) => <FeedPicture id={id} box={boxes().get(id)} />}</For>
      </ul>
      <FeedNews
        boxes={boxes()}
        top={scrolled() - (props.isBelowOwn ? offset() : 0)}
        isBelowOwn={props.isBelowOwn}
        onGoToNew={() =>
          scroller.scrollTo({
            top: props.isBelowOwn ? list.offsetTop : 0,
            behavior: prefersReducedMotion() ? 'instant' : 'smooth',
          })
        }
      />
    </main>
  )
}

const isBetween = (box: Box | undefined, from: number, to: number): boolean =>
  box !== undefined && box.y + box.h > from && box.y < to

/** Keeps focus and screen readers out of the board that lies behind the feed. */
function behindFeed(isBehind: boolean): void {
  const board = document.querySelector<HTMLElement>('main:not(.feed)')
  if (board) board.inert = isBehind
}

/** Creates the signal of whether the screen is a phone's. */
function createNarrow(): () => boolean {
  const query = matchMedia(NARROW)
  const [isNarrow, set] = createSignal(query.matches)
  const changed = (): void => {
    set(query.matches)
  }
  query.addEventListener('change', changed)
  onCleanup(() => query.removeEventListener('change', changed))
  return isNarrow
}
