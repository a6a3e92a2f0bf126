import { createSignal, type JSX, onCleanup, onMount, Show } from 'solid-js'
import {
  paceBeside,
  type QuietView,
  quietViewFrom,
  searchFor,
  viewAfter,
} from '../state/quiet-view.ts'
import { searchForSlots, slotsFrom } from '../state/wall-slots.ts'
import { QuietViewFields } from '../ui/quiet-view-fields.tsx'
import { SlotFields } from '../ui/slot-fields.tsx'
import { wallWords } from '../words/wall.ts'

const PANEL_HIDE_MS = 3_000
/** The panel stays so long under a pointer or a focus that rests. */
const PANEL_HELD_MS = 20_000

export interface WallSettings {
  readonly quietView: () => QuietView
  readonly setQuietView: (view: QuietView) => void
  /** The live slots that the wall shows; none for all pictures. */
  readonly slots: () => readonly string[]
  readonly setSlots: (slots: readonly string[]) => void
}

/** Returns the settings of the wall's address, which keeps them. */
export function createSettings(onChange: () => void): WallSettings {
  const [quietView, set] = createSignal(quietViewFrom(location.search))
  const [slots, setChosen] = createSignal(slotsFrom(location.search))
  const keep = (): void => {
    const search = searchForSlots(slots(), searchFor(quietView(), location.search))
    history.replaceState(null, '', location.pathname + search)
    onChange()
  }
  const setQuietView = (view: QuietView): void => {
    set(view)
    keep()
  }
  const setSlots = (chosen: readonly string[]): void => {
    setChosen(chosen)
    keep()
  }
  return { quietView, setQuietView, slots, setSlots }
}

/** Shows what the wall does while nothing new comes, as long as somebody moves the pointer or uses keys. */
export function WallPanel(props: {
  readonly settings: WallSettings
  readonly knownSlots: readonly string[]
}): JSX.Element {
  const isAwake = createAwake(() => panel.matches(':hover, :focus-within'))
  let panel!: HTMLFormElement
  const setPace = (direction: 1 | -1): void => {
    const view = props.settings.quietView()
    props.settings.setQuietView({ ...view, paceS: paceBeside(view.paceS, direction) })
  }
  const keys: Readonly<Record<string, () => void>> = {
    s: () => props.settings.setQuietView(viewAfter(props.settings.quietView())),
    '+': () => setPace(1),
    '-': () => setPace(-1),
    f: toggleFullScreen,
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const run = keys[event.key.toLowerCase()]
    if (!run) return
    event.preventDefault()
    run()
  }
  onMount(() => addEventListener('keydown', onKey))
  onCleanup(() => removeEventListener('keydown', onKey))
  const [isFullScreen, setFullScreen] = createSignal(document.fullscreenElement !== null)
  const onFullScreen = (): void => {
    setFullScreen(document.fullscreenElement !== null)
  }
  document.addEventListener('fullscreenchange', onFullScreen)
  onCleanup(() => document.removeEventListener('fullscreenchange', onFullScreen))
  return (
    <form
      ref={panel}
      class="wall-panel sheet"
      classList={{ shown: isAwake() }}
      aria-label={wallWords.settings}
      onSubmit={(event) => event.preventDefault()}
      onDblClick={(event) => event.stopPropagation()}
    >
      <QuietViewFields view={props.settings.quietView()} onChange={props.settings.setQuietView} />
      <SlotFields
        known={props.knownSlots}
        chosen={props.settings.slots()}
        onChange={props.settings.setSlots}
      />
      <Show when={document.fullscreenEnabled}>
        <button type="button" class="outlined" onClick={toggleFullScreen}>
          {isFullScreen() ? wallWords.leaveFullScreen : wallWords.fullScreen}
        </button>
      </Show>
      <p>{wallWords.keys}</p>
    </form>
  )
}

/** Fills the screen with the wall, or gives it back. A browser that refuses shows the wall as it is. */
export function toggleFullScreen(): void {
  const done = document.fullscreenElement
    ? document.exitFullscreen()
    : document.documentElement.requestFullscreen?.()
  done?.catch(() => {})
}

/** Returns whether somebody has used the wall within the last seconds, or `isHeld`. Else the pointer is hidden. */
function createAwake(isHeld: () => boolean): () => boolean {
  const [isAwake, setAwake] = createSignal(false)
  let usedAt = Number.NEGATIVE_INFINITY
  let timer: ReturnType<typeof setTimeout> | undefined
  const sleep = (): void => {
    const isUsed = isAwake() && isHeld() && performance.now() - usedAt < PANEL_HELD_MS
    if (isUsed) timer = setTimeout(sleep, PANEL_HIDE_MS)
    else setAwake(false)
    document.documentElement.classList.toggle('still', !isUsed)
  }
  const wake = (): void => {
    usedAt = performance.now()
    setAwake(true)
    document.documentElement.classList.remove('still')
    clearTimeout(timer)
    timer = setTimeout(sleep, PANEL_HIDE_MS)
  }
  const events = ['pointermove', 'pointerdown', 'keydown'] as const
  for (const event of events) addEventListener(event, wake)
  timer = setTimeout(sleep, PANEL_HIDE_MS)
  onCleanup(() => {
    clearTimeout(timer)
    for (const event of events) removeEventListener(event, wake)
  })
  return isAwake
}
