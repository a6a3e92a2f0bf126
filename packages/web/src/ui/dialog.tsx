import { type JSX, onCleanup, onMount, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { IconButton } from '../look/button.tsx'
import { words } from '../words/page.ts'
import './dialog.css'
import { ToastList } from './toasts.tsx'

interface DialogProps {
  readonly label: string
  readonly class: string
  /** Left out, the panel has no head of its own. */
  readonly title?: string
  readonly onKeyDown?: (event: KeyboardEvent) => void
  /** Left out: just closes. */
  readonly onClose?: () => void
  readonly children: JSX.Element
}

/**
 * Shows a panel over the board. The browser's modal dialog keeps the focus inside and gives it back. Escape,
 * Close and a press beside it close it. Notices are shown inside, since the rest of the page is inert.
 */
export function Dialog(props: DialogProps): JSX.Element {
  const { panels } = useApp()
  let dialog!: HTMLDialogElement
  let isGone = false
  const close = (): void => {
    if (isGone) return
    if (props.onClose) props.onClose()
    else panels.close()
  }
  onMount(() => dialog.showModal())
  onCleanup(() => {
    isGone = true
    dialog.close()
  })
  return (
    <dialog
      ref={dialog}
      class={`panel ${props.class}`}
      aria-label={props.label}
      onCancel={(event) => {
        event.preventDefault()
        close()
      }}
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog) close()
      }}
      onKeyDown={(event) => props.onKeyDown?.(event)}
    >
      <Show when={props.title}>
        {(title) => (
          <header>
            <h2>{title()}</h2>
            <IconButton icon="x" label={words.close} onClick={close} />
          </header>
        )}
      </Show>
      {props.children}
      <div class="corner">
        <ToastList />
      </div>
    </dialog>
  )
}
