import { createUniqueId, type JSX } from 'solid-js'

interface AskProps {
  readonly question: string
  /** The answer that leaves everything as it is. It gets the focus. */
  readonly keep: string
  readonly act: string
  readonly onKeep: () => void
  readonly onAct: () => void
}

/** Asks, in place, before something is done that can't be taken back. Escape keeps everything. */
export function Ask(props: AskProps): JSX.Element {
  const id = createUniqueId()
  return (
    <div
      class="ask"
      role="alertdialog"
      aria-labelledby={id}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        // A dialog around it stays open.
        event.preventDefault()
        props.onKeep()
      }}
    >
      <p id={id}>{props.question}</p>
      <button
        ref={(element) => queueMicrotask(() => element.focus())}
        type="button"
        class="outlined"
        onClick={() => props.onKeep()}
      >
        {props.keep}
      </button>
      <button type="button" class="main" onClick={() => props.onAct()}>
        {props.act}
      </button>
    </div>
  )
}
