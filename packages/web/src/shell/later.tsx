import { type Component, createEffect, createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'

/** Milliseconds between the board and what comes after it. */
const AFTER = 300

/** A part of the page that nobody needs to drop a first picture: fetched when the board is live. */
export function Later(props: { load: () => Promise<Component> }): JSX.Element {
  const { desk } = useApp()
  const [view, set] = createSignal<Component | null>(null)
  createEffect(() => {
    if (desk.status().connection !== 'live' || view()) return
    // What can't be loaded is asked for again with the next line.
    setTimeout(() => {
      props.load().then(
        (part) => set(() => part),
        () => {},
      )
    }, AFTER)
  })
  return (
    <Show when={view()} keyed>
      {(View) => <View />}
    </Show>
  )
}
