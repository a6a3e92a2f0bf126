import { limits } from '@wirephoto/board'
import { type JSX, onCleanup } from 'solid-js'
import { useApp } from '../app.ts'
import { isComposed } from '../input/keys.ts'
import { overlayWords } from '../words/overlay.ts'
import './caption-input.css'

interface CaptionInputProps {
  readonly id: string
  readonly ref?: (element: HTMLTextAreaElement) => void
  readonly transform?: string
  readonly width?: string
  /** Called once, when the text is kept or called off. */
  readonly onEnd: () => void
}

/** Shows the field for a picture's caption. Enter and blur keep the text, Escape doesn't, Shift+Enter breaks the line. */
export function CaptionInput(props: CaptionInputProps): JSX.Element {
  const { boardStore } = useApp()
  const { id } = props
  const before = boardStore.get(id)?.caption ?? ''
  let field!: HTMLTextAreaElement
  let done = false
  const end = (keeps: boolean): void => {
    if (done) return
    done = true
    const caption = field.value.trim()
    if (keeps && caption !== before) boardStore.board.patch(id, { caption })
    props.onEnd()
  }
  const grow = (): void => {
    field.style.height = 'auto'
    field.style.height = `${field.scrollHeight + 2}px`
  }
  onCleanup(() => end(true))
  return (
    <textarea
      ref={(element) => {
        field = element
        props.ref?.(element)
        queueMicrotask(() => {
          grow()
          field.focus({ preventScroll: true })
          field.select()
        })
      }}
      class="caption-field"
      aria-label={overlayWords.captionOf(boardStore.get(id)?.name ?? '')}
      placeholder={overlayWords.captionPrompt}
      dir="auto"
      rows={1}
      enterkeyhint="done"
      maxLength={limits.captionLength}
      value={before}
      style={{ transform: props.transform, width: props.width }}
      onInput={grow}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        if (isComposed(event)) return
        if (event.key === 'Escape' || (event.key === 'Enter' && !event.shiftKey)) {
          event.preventDefault()
          event.stopPropagation()
          end(event.key === 'Enter')
        }
      }}
    />
  )
}
