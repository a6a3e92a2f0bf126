import { type Accessor, createSignal, For, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { Icon } from '../look/icon.tsx'
import { words } from '../words/page.ts'

/** Milliseconds; it starts again when the pointer or the keyboard leaves. */
const SHOWN = 6_000
const AT_MOST = 3

interface Action {
  readonly label: string
  readonly run: () => void
}

interface Toast {
  readonly text: string
  readonly trouble: boolean
  readonly stays: boolean
  readonly action: Action | undefined
}

/** One sentence, one action, a few seconds. */
export class Toasts {
  readonly list: Accessor<readonly Toast[]>
  readonly #set: (change: (list: readonly Toast[]) => readonly Toast[]) => void

  constructor() {
    const [list, set] = createSignal<readonly Toast[]>([])
    this.list = list
    this.#set = set
  }

  say(text: string, action?: Action): void {
    this.#add({ text, trouble: false, stays: false, action })
  }

  warn(text: string, action?: Action): void {
    this.#add({ text, trouble: true, stays: false, action })
  }

  /** Until it is acted upon. */
  insist(text: string, action: Action): void {
    this.#add({ text, trouble: true, stays: true, action })
  }

  close(toast: Toast): void {
    this.#set((list) => list.filter((other) => other !== toast))
  }

  #add(toast: Toast): void {
    this.#set((list) => [...list.filter(({ text }) => text !== toast.text), toast].slice(-AT_MOST))
  }
}

export function ToastList(): JSX.Element {
  const { toasts } = useApp()
  return (
    <div class="toasts" role="status" aria-live="polite" aria-label={words.notices}>
      <For each={toasts.list()}>{(toast) => <ToastCard toast={toast} />}</For>
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
    if (!props.toast.stays) timer = setTimeout(close, SHOWN)
  }
  start()
  onCleanup(stop)
  return (
    <div
      class="toast"
      classList={{ trouble: props.toast.trouble }}
      onPointerEnter={stop}
      onPointerLeave={start}
      onFocusIn={stop}
      onFocusOut={start}
    >
      <p dir="auto">{props.toast.text}</p>
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
