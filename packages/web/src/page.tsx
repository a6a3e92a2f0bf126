import { errorMessages } from '@wirephoto/board'
import type { Board, Problem } from '@wirephoto/client'
import { type Component, createEffect, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { createActions } from './actions/actions.ts'
import { type App, AppContext } from './app.ts'
import type { AppState, Tool } from './app-state.ts'
import { isGuestPage } from './browser/server-url.ts'
import { tabData } from './browser/site-data.ts'
import { Drop } from './drop/drop.ts'
import type { View } from './geometry/view.ts'
import { isPhone } from './look/screen.ts'
import { Shell } from './shell/shell.tsx'
import { Stage } from './stage/stage.tsx'
import { BoardStore } from './state/board-store.ts'
import { Camera, parseView, viewFromHash } from './state/camera.ts'
import { CaptionEditing } from './state/caption-editing.ts'
import { DragState } from './state/drag.ts'
import { Menus } from './state/menus.ts'
import { tellMissingPart } from './state/missing-part.ts'
import { PaintReporter } from './state/paint-reports.ts'
import { Panels } from './state/panels.ts'
import { People } from './state/people.ts'
import { Selection } from './state/selection.ts'
import { StandingParts } from './state/standing-parts.ts'
import { Toasts } from './state/toasts.ts'
import type { Unseen } from './state/unseen.ts'
import { LazyPart } from './ui/lazy-part.tsx'
import { messageOf } from './words/language.ts'
import { words } from './words/page.ts'

/** Views never import each other, so the page hands all panels to `Panels`. */
const loadPanels = () => import('./panel-views.ts').then(({ panelViews }) => panelViews)

const feed = () => import('./feed/feed.tsx').then(({ Feed }) => Feed)

/** Shows a board, or why it can't be shown. */
export function Page(props: { board: Board }): JSX.Element {
  const app = createApp(props.board)
  const { boardStore } = app
  showNotices(app)
  rememberView(app)

  const refused = () => {
    const problem = boardStore.status().refused
    return problem && problem.code !== 'old-page' ? problem : null
  }
  return (
    <Show when={!refused()} fallback={<Refusal problem={refused()!} boardStore={boardStore} />}>
      <AppContext.Provider value={app}>
        <LazyPart load={feed} now={isPhone() || isGuestPage()} />
        <Stage />
        <Shell />
      </AppContext.Provider>
    </Show>
  )
}

interface RefusalProps {
  readonly problem: Problem
  readonly boardStore: BoardStore
}

/** Says why a board isn't shown. The code for what to do about it is fetched for that. */
function Refusal(props: RefusalProps): JSX.Element {
  const [view, set] = createSignal<Component<RefusalProps>>()
  import('./shell/problem.tsx').then(
    ({ ProblemPage }) => set(() => ProblemPage),
    () => {},
  )
  return (
    <Show when={view()} keyed fallback={<p class="empty">{messageOf(props.problem)}</p>}>
      {(View) => <View {...props} />}
    </Show>
  )
}

/** Creates everything that the views share. It lasts as long as the component that calls this. */
function createApp(board: Board): App {
  const boardStore = new BoardStore(board)
  const camera = new Camera({ w: innerWidth, h: innerHeight })
  const toasts = new Toasts()
  const paintReporter = new PaintReporter(boardStore, camera)
  const people = new People(board)
  const drop = new Drop(boardStore, camera, toasts, people)
  const [unseen, setUnseen] = createSignal<Unseen | null>(null)
  const [tool, setTool] = createSignal<Tool>('select')
  const state: AppState = {
    boardStore,
    camera,
    toasts,
    paintReporter,
    drop,
    selection: new Selection(),
    drag: new DragState(boardStore),
    people,
    unseen,
    setUnseen,
    captionEditing: new CaptionEditing(),
    panels: new Panels(loadPanels, () => tellMissingPart(boardStore, toasts)),
    menus: new Menus(),
    standingParts: new StandingParts(),
    tool,
    setTool,
    choose(from = 'files') {
      drop.preload()
      document.getElementById(`choose-${from}`)?.click()
    },
  }
  board.setUploadPriority((id) => Number(paintReporter.isInView(id)))
  return { ...state, actions: createActions(state) }
}

/** Shows the server's notices, and asks to reload a page that is too old for it. */
function showNotices({ boardStore, toasts }: App): void {
  onCleanup(
    boardStore.board.on('notice', (why) => {
      if (why.code !== boardStore.status().refused?.code) toasts.warn(messageOf(why))
    }),
  )
  createEffect(() => {
    if (boardStore.status().refused?.code === 'old-page')
      toasts.insist(errorMessages['old-page']({}), { label: words.reload, run: reload })
  })
}

const reload = (): void => location.reload()

/** The boxes of a drop come within this time. On an empty board nothing shows where a flight goes. */
const FIRST_DROP_MS = 1_000

/**
 * Restores the view of the URL's fragment, or that of the page before a reload. Without either, keeps all
 * pictures in view until the person chooses a view.
 */
function rememberView({ boardStore, camera }: App): void {
  const key = `view:${boardStore.board.id}`
  const kept = takeHashView(camera) ?? parseView(tabData.get(key))
  if (kept) camera.begin(kept)
  camera.isChosen = kept !== null
  let firstAt = Number.NEGATIVE_INFINITY
  createEffect<number | null>((last) => {
    if (!boardStore.status().loaded) return null
    const count = boardStore.count()
    const { extent } = boardStore
    if (last === 0) firstAt = performance.now()
    if (last === null && !kept) camera.begin(extent, boardStore.enlargement)
    else if (!camera.isChosen && extent)
      camera.fitUnlessWhole(
        extent,
        performance.now() - firstAt < FIRST_DROP_MS ? 'at once' : 'fly',
        boardStore.enlargement,
      )
    return count
  }, null)
  const followHash = (): void => {
    const view = takeHashView(camera)
    if (view) camera.flyTo(view)
  }
  const keepView = (): void => {
    tabData.set(key, JSON.stringify(camera.now))
  }
  addEventListener('hashchange', followHash)
  addEventListener('pagehide', keepView)
  onCleanup(() => {
    removeEventListener('hashchange', followHash)
    removeEventListener('pagehide', keepView)
  })
}

/** Reads the view in the URL's fragment, and removes it there: the next view is another one. */
function takeHashView(camera: Camera): View | null {
  const view = viewFromHash(location.hash, camera.size())
  if (view) {
    camera.isChosen = true
    history.replaceState(null, '', location.pathname + location.search)
  }
  return view
}
