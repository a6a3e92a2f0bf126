import { createEffect, For, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { Icon } from '../look/icon.tsx'
import type { Toast } from '../state/toasts.ts'
import { words } from '../words/page.ts'

/** How long a notice shows. The time starts again when the pointer or the focus leaves it. */
const SHOWN_MS = 6_000

/** Shows the current notices. */
export function ToastList(): JSX.Element {
  const { toasts } = useApp()
  return (
    <div class="toasts" role="status" aria-live="polite" aria-label={words.notices}>
      <For each={toasts.shown()}>{(toast) => <ToastCard toast={toast} />}</For>
    </div>
  )
}

function ToastCard(props: { toast: Toast }): JSX.Element {
  const { toasts } = useApp()
  const close = (): void => toasts.close(props.toast)
  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = (): void => clearTimeout(timer)
  const start = (): void => {
    stop()
    if (!props.toast.stays) timer = setTimeout(close, SHOWN_MS)
  }
  start()
  onCleanup(stop)
  createEffect(() => {
    if (props.toast.action?.isPossible?.() === false) close()
  })
  return (
    <div
      class="toast"
      classList={{ trouble: props.toast.trouble }}
      onPointerEnter={stop}
      onPointerLeave={start}
      onFocusIn={stop}
      onFocusOut={start}
    >
      <p>{props.toast.text}</p>
      <Show when={props.toast.action}>
        {(action) => (
          <button
            type="button"
            class="quiet strong"
            onClick={() => {
              action().run()
              close()
            }}
          >
            {action().label}
          </button>
        )}
      </Show>
      <Show when={!props.toast.stays}>
        <button type="button" class="quiet icon-only" aria-label={words.close} onClick={close}>
          <Icon name="x" />
        </button>
      </Show>
    </div>
  )
}
