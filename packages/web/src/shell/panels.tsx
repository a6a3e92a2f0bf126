import { createEffect, createMemo, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'

/** Shows the panel that is open over the board. */
export function OpenPanel(): JSX.Element {
  const { boardStore, panels } = useApp()
  const isLive = createMemo(() => boardStore.status().connection === 'live')
  // Panels that couldn't be had on one connection may be had on the next.
  createEffect(() => {
    if (isLive()) onCleanup(panels.preload())
  })
  return (
    <Show when={panels.view()} keyed>
      {(View) => <View />}
    </Show>
  )
}
