import type { Place } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import { stableList } from '../state/stable-list.ts'
import { colourToken } from '../ui/person-colour.ts'
import { words } from '../words/page.ts'
import './remote-cursors.css'
import { prefersReducedMotion } from '../look/motion.ts'

const MAX_CURSOR_COUNT = 20
/** The time in which a cursor covers 98 % of its way to the latest place. */
const SPRING_MS = 80
/** How long a cursor must rest before it fades. */
const STILL_MS = 4_000

/** Shows other visitors' cursors in their colours. */
export function RemoteCursors(): JSX.Element {
  const { people } = useApp()
  const sessions = createMemo<readonly string[]>((last) => {
    const all = [...people.others()].flatMap(([session, { cursor }]) => (cursor ? session : []))
    return stableList(last, all.slice(0, MAX_CURSOR_COUNT))
  }, [])
  return <For each={sessions()}>{(session) => <RemoteCursor session={session} />}</For>
}

function RemoteCursor(props: { session: string }): JSX.Element {
  const { boardStore, people, camera } = useApp()
  const person = () => people.others().get(props.session)
  const [at, setAt] = createSignal<Place>({ x: 0, y: 0 })
  const [isStill, setStill] = createSignal(false)
  const goal = createMemo<Place | null>((last) => person()?.cursor ?? last, null)
  let isPlaced = false
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const follow = (now: number, last = now - 16): void => {
    const to = goal()
    if (!to) return
    const jumps = !isPlaced || prefersReducedMotion()
    const part = jumps ? 1 : 1 - Math.exp((4 * (last - now)) / SPRING_MS)
    isPlaced = true
    const { x, y } = at()
    const next = { x: x + (to.x - x) * part, y: y + (to.y - y) * part }
    const isThere = Math.hypot(to.x - next.x, to.y - next.y) * camera.now.zoom < 0.5
    setAt(isThere ? to : next)
    frame = isThere ? 0 : requestAnimationFrame((time) => follow(time, now))
  }
  createEffect(() => {
    if (!goal()) return
    setStill(false)
    clearTimeout(timer)
    timer = setTimeout(() => setStill(true), STILL_MS)
    frame ||= requestAnimationFrame((now) => follow(now))
  })
  onCleanup(() => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
  })

  const place = () => toScreen(camera.view(), at())
  return (
    <div
      class="remote-cursor"
      classList={{ still: isStill() }}
      aria-hidden="true"
      style={{
        transform: `translate(${place().x}px, ${place().y}px)`,
        '--colour': colourToken(boardStore.colourOf(person()?.visitor ?? '')),
      }}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d="M1 1l5 13 2.2-5.8L14 6z" />
      </svg>
      <span class="name-tab" dir="auto" translate="no">
        {person()?.name || words.guest}
      </span>
    </div>
  )
}

const MAX_SELECTION_COUNT = 200

/** Outlines what other visitors have selected, in their colours, with the name at each one's first picture. */
export function RemoteSelections(): JSX.Element {
  const { people, boardStore } = useApp()
  const keys = createMemo<readonly string[]>((last) => {
    boardStore.count()
    const all = [...people.others()].flatMap(([session, { selection }]) =>
      selection.filter((id) => boardStore.boxes.has(id)).map((id) => `${session} ${id}`),
    )
    return stableList(last, all.slice(0, MAX_SELECTION_COUNT))
  }, [])
  return (
    <For each={keys()}>
      {(key) => {
        const [session = '', id = ''] = key.split(' ')
        return <RemoteSelection session={session} id={id} />
      }}
    </For>
  )
}

function RemoteSelection(props: { session: string; id: string }): JSX.Element {
  const { people, boardStore, drag, camera, selection } = useApp()
  const { id } = props
  const record = boardStore.picture(id)
  const held = drag.position(id)
  const person = () => people.others().get(props.session)
  const place = createMemo(() => {
    const { x = 0, y = 0, w = 0, width = 1, height = 1 } = record() ?? {}
    const now = held() ?? { x, y }
    const across = (now.w ?? w) * camera.view().zoom
    return { ...toScreen(camera.view(), now), w: across, h: (across * height) / width }
  })
  return (
    <div
      class="remote-selection"
      classList={{ shared: selection.has(id) }}
      aria-hidden="true"
      data-remote-selection={id}
      style={{
        transform: `translate(${place().x}px, ${place().y}px)`,
        width: `${place().w}px`,
        height: `${place().h}px`,
        '--colour': colourToken(boardStore.colourOf(person()?.visitor ?? '')),
      }}
    >
      <Show when={person()?.selection[0] === id}>
        <span class="name-tab" dir="auto" translate="no">
          {person()?.name || words.guest}
        </span>
      </Show>
    </div>
  )
}
