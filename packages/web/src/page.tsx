import { errorMessages } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { createEffect, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { createActions } from './actions/actions.ts'
import { AppContext } from './app.ts'
import type { AppState, Tool } from './app-state.ts'
import { Drop } from './drop/drop.ts'
import type { View } from './geometry/view.ts'
import { shellPanels } from './shell/panels.tsx'
import { ProblemPage } from './shell/problem.tsx'
import { Shell } from './shell/shell.tsx'
import { Stage } from './stage/stage.tsx'
import { BoardStore } from './state/board-store.ts'
import { Camera, parseView, viewFromHash } from './state/camera.ts'
import { CaptionEditing } from './state/caption-editing.ts'
import { DragState } from './state/drag.ts'
import { Menus } from './state/menus.ts'
import { PaintReporter } from './state/paint-reports.ts'
import { type PanelLoaders, Panels } from './state/panels.ts'
import { People } from './state/people.ts'
import { Selection } from './state/selection.ts'
import { Toasts } from './state/toasts.ts'
import { Unseen } from './state/unseen.ts'
import { words } from './words/page.ts'

/** The views themselves never import each other, so the page hands all loaders to `Panels`. */
const panelLoaders: PanelLoaders = {
  ...shellPanels,
  lightbox: () => import('./lightbox/lightbox.tsx').then(({ Lightbox }) => Lightbox),
}

/** A board, or why there is none. */
export function Page(props: { board: Board }): JSX.Element {
  const { board } = props
  const boardStore = new BoardStore(board)
  const camera = new Camera({ w: innerWidth, h: innerHeight })
  const selection = new Selection()
  const toasts = new Toasts()
  const drag = new DragState(boardStore)
  const paintReporter = new PaintReporter(boardStore, camera)
  const people = new People(board)
  const unseen = new Unseen(boardStore, camera)
  const captionEditing = new CaptionEditing()
  const panels = new Panels(panelLoaders, toasts)
  const menus = new Menus()
  const drop = new Drop(boardStore, camera, toasts)
  const [tool, setTool] = createSignal<Tool>('select')
  const choose = (from = 'files'): void => {
    drop.preload()
    document.getElementById(`choose-${from}`)?.click()
  }
  const shared = {
    boardStore,
    camera,
    selection,
    toasts,
    drag,
    paintReporter,
    people,
    unseen,
    captionEditing,
    panels,
    menus,
    drop,
  }
  const parts: AppState = { ...shared, tool, setTool, choose }
  const app = { ...parts, actions: createActions(parts) }
  board.setUploadPriority((id) => Number(paintReporter.isInView(id)))

  onCleanup(
    board.on('notice', ({ code, message }) => {
      if (code !== boardStore.status().refused?.code) toasts.warn(message)
    }),
  )
  createEffect(() => {
    if (boardStore.status().refused?.code === 'old-page')
      toasts.insist(errorMessages['old-page']({}), { label: words.reload, run: reload })
  })
  rememberView(boardStore, camera)
  forgetGone(boardStore)

  const refused = () => {
    const problem = boardStore.status().refused
    return problem && problem.code !== 'old-page' ? problem : null
  }
  return (
    <Show when={!refused()} fallback={<ProblemPage problem={refused()!} />}>
      <AppContext.Provider value={app}>
        <Stage />
        <Shell />
      </AppContext.Provider>
    </Show>
  )
}

const reload = (): void => location.reload()

/** A board that is gone goes from the list of those that this browser has been on. */
function forgetGone(boardStore: BoardStore): void {
  createEffect(() => {
    if (boardStore.status().refused?.code !== 'unknown-board') return
    import('./shell/visited-boards.ts').then(
      ({ forget }) => forget(boardStore.board.id),
      () => {},
    )
  })
}

/**
 * The first view shows everything, and goes on showing what comes until the person looks around. A
 * page that is reloaded shows what it showed, and an address may end with a view.
 */
function rememberView(boardStore: BoardStore, camera: Camera): void {
  const key = `view:${boardStore.board.id}`
  const kept = asked(camera) ?? parseView(sessionStorage.getItem(key))
  if (kept) camera.jumpTo(kept)
  camera.isChosen = kept !== null
  createEffect((loaded) => {
    if (!boardStore.status().loaded) return false
    boardStore.count()
    if (!loaded && !kept) camera.fit(boardStore.extent, 'at once')
    else if (!camera.isChosen && boardStore.extent) camera.fitUnlessWhole(boardStore.extent)
    return true
  }, false)
  const go = (): void => {
    const view = asked(camera)
    if (view) camera.flyTo(view)
  }
  addEventListener('hashchange', go)
  onCleanup(() => removeEventListener('hashchange', go))
  const keep = (): void => sessionStorage.setItem(key, JSON.stringify(camera.now))
  addEventListener('pagehide', keep)
  onCleanup(() => removeEventListener('pagehide', keep))
}

/** The view that the address ends with, which it is relieved of: what is looked at next is another one. */
function asked(camera: Camera): View | null {
  const view = viewFromHash(location.hash, camera.size())
  if (view) {
    camera.isChosen = true
    history.replaceState(null, '', location.pathname + location.search)
  }
  return view
}
