import { words } from '@wirephoto/board'
import { createEffect, createMemo, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'

const { ui } = words

/** Whether the line is up, in words; nothing is lost while it isn't. */
export function Connection(): JSX.Element {
  const { desk, toasts } = useApp()
  const trouble = createMemo(() => {
    const { connection, loaded } = desk.status()
    if (connection !== 'offline') return null
    return loaded ? ui.offline : ui.cantReach
  })

  let wasOffline = false
  let kept = 0
  createEffect(() => {
    const { connection, loaded, unsent } = desk.status()
    if (connection === 'offline' && loaded) {
      wasOffline = true
      kept = Math.max(kept, unsent)
    } else if (wasOffline && connection === 'live' && unsent === 0) {
      toasts.say(ui.backOnline(kept))
      wasOffline = false
      kept = 0
    }
  })

  return (
    <Show when={!desk.status().refused}>
      <div class="connection sheet" classList={{ trouble: trouble() !== null }} role="status">
        <Show when={trouble() || desk.status().connection === 'live'} fallback={ui.connecting}>
          <span class="dot" aria-hidden="true" />
          {trouble() ?? ui.live}
        </Show>
      </div>
    </Show>
  )
}
