import { words } from '@wirephoto/board'
import type { Board } from '@wirephoto/client'
import { createEffect, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { createActions } from './actions/actions.ts'
import { AppContext, type Parts, type Tool } from './app.ts'
import { Drop } from './drop/drop.ts'
import type { View } from './geometry/view.ts'
import { Panels } from './shell/panels.tsx'
import { ProblemPage } from './shell/problem.tsx'
import { Shell } from './shell/shell.tsx'
import { Stage } from './stage/stage.tsx'
import { Desk } from './state/board-store.ts'
import { Camera, parseView, viewOf } from './state/camera.ts'
import { Captioning } from './state/caption-editing.ts'
import { Hands } from './state/drag.ts'
import { Menus } from './state/menus.ts'
import { Seeing } from './state/paint-reports.ts'
import { People } from './state/people.ts'
import { Selection } from './state/selection.ts'
import { Unseen } from './state/unseen.ts'
import { Toasts } from './ui/toasts.tsx'

/** A board, or why there is none. */
export function Page(props: { board: Board }): JSX.Element {
  const { board } = props
  const desk = new Desk(board)
  const camera = new Camera({ w: innerWidth, h: innerHeight })
  const selection = new Selection()
  const toasts = new Toasts()
  const hands = new Hands(desk)
  const seeing = new Seeing(desk, camera)
  const people = new People(board)
  const unseen = new Unseen(desk, camera)
  const captioning = new Captioning()
  const panels = new Panels(toasts)
  const menus = new Menus()
  const drop = new Drop(desk, camera, toasts)
  const [tool, setTool] = createSignal<Tool>('select')
  const choose = (from = 'files'): void => {
    drop.warm()
    document.getElementById(`choose-${from}`)?.click()
  }
  const shared = {
    desk,
    camera,
    selection,
    toasts,
    hands,
    seeing,
    people,
    unseen,
    captioning,
    panels,
    menus,
    drop,
  }
  const parts: Parts = { ...shared, tool, setTool, choose }
  const app = { ...parts, actions: createActions(parts) }
  board.rankBy((id) => Number(seeing.isInView(id)))

  onCleanup(
    board.on('notice', ({ code, message }) => {
      if (code !== desk.status().refused?.code) toasts.warn(message)
    }),
  )
  createEffect(() => {
    if (desk.status().refused?.code === 'old-page')
      toasts.insist(words.errors['old-page']({}), { label: words.ui.reload, run: reload })
  })
  rememberView(desk, camera)
  forgetGone(desk)

  const refused = () => {
    const problem = desk.status().refused
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
function forgetGone(desk: Desk): void {
  createEffect(() => {
    if (desk.status().refused?.code !== 'unknown-board') return
    import('./shell/visited-boards.ts').then(
      ({ forget }) => forget(desk.board.id),
      () => {},
    )
  })
}

/**
 * The first view shows everything, and goes on showing what comes until the person looks around. A
 * page that is reloaded shows what it showed, and an address may end with a view.
 */
function rememberView(desk: Desk, camera: Camera): void {
  const key = `view:${desk.board.id}`
  const kept = asked(camera) ?? parseView(sessionStorage.getItem(key))
  if (kept) camera.to(kept)
  camera.isChosen = kept !== null
  createEffect((loaded) => {
    if (!desk.status().loaded) return false
    desk.count()
    if (!loaded && !kept) camera.fit(desk.extent, 'at once')
    else if (!camera.isChosen && desk.extent) camera.show(desk.extent)
    return true
  }, false)
  const go = (): void => {
    const view = asked(camera)
    if (view) camera.fly(view)
  }
  addEventListener('hashchange', go)
  onCleanup(() => removeEventListener('hashchange', go))
  const keep = (): void => sessionStorage.setItem(key, JSON.stringify(camera.now))
  addEventListener('pagehide', keep)
  onCleanup(() => removeEventListener('pagehide', keep))
}

/** The view that the address ends with, which it is relieved of: what is looked at next is another one. */
function asked(camera: Camera): View | null {
  const view = viewOf(location.hash, camera.size())
  if (view) {
    camera.isChosen = true
    history.replaceState(null, '', location.pathname + location.search)
  }
  return view
}
