import { type Component, createEffect, createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'

/** Milliseconds between the board and what comes after it. */
const AFTER = 300

interface LazyPartProps {
  readonly load: () => Promise<Component>
  /** Somebody waits for it. */
  readonly now?: boolean
  readonly onFailed?: () => void
}

/** A part of the page that nobody needs to drop a first picture: fetched when the board is live. */
export function LazyPart(props: LazyPartProps): JSX.Element {
  const { boardStore } = useApp()
  const [view, set] = createSignal<Component | null>(null)
  createEffect(() => {
    const isLive = boardStore.status().connection === 'live'
    if (view() || !(isLive || props.now)) return
    // What can't be loaded is asked for again with the next line.
    setTimeout(
      () => {
        props.load().then(
          (part) => set(() => part),
          () => props.onFailed?.(),
        )
      },
      props.now ? 0 : AFTER,
    )
  })
  return (
    <Show when={view()} keyed>
      {(View) => <View />}
    </Show>
  )
}
