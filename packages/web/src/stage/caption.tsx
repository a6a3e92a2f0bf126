import { limits } from '@wirephoto/board'
import { createMemo, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import { overlayWords } from '../words/overlay.ts'

const FIELD_GAP_PX = 8
const MIN_FIELD_WIDTH_PX = 240

/** Shows the field for the caption that is being edited: under its picture, on phones at the top. */
export function CaptionField(): JSX.Element {
  const { boardStore, captionEditing } = useApp()
  const id = createMemo(() => {
    const now = captionEditing.now()
    boardStore.revision()
    return now && boardStore.boxes.has(now) ? now : null
  })
  return (
    <Show when={id()} keyed>
      {(now) => <Field id={now} />}
    </Show>
  )
}

/** Shows the field itself. Enter and blur keep the text, Escape doesn't, Shift+Enter breaks the line. */
function Field(props: { id: string }): JSX.Element {
  const { boardStore, camera, captionEditing, selection } = useApp()
  const { id } = props
  const before = boardStore.get(id)?.caption ?? ''
  const focused = document.activeElement
  let field!: HTMLTextAreaElement
  let done = false
  const end = (keeps: boolean): void => {
    if (done) return
    done = true
    const caption = field.value.trim()
    if (keeps && caption !== before) boardStore.board.patch(id, { caption })
    captionEditing.end()
    if (focused instanceof HTMLElement && focused.isConnected)
      focused.focus({ preventScroll: true })
    else selection.activate(id)
  }
  const grow = (): void => {
    field.style.height = 'auto'
    field.style.height = `${field.scrollHeight + 2}px`
  }
  onCleanup(() => end(true))
  const place = createMemo(() => {
    boardStore.revision()
    const box = boardStore.boxes.get(id)
    const view = camera.view()
    if (!box) return null
    const width = Math.max(MIN_FIELD_WIDTH_PX, Math.min(480, box.w * view.zoom))
    const { x, y } = toScreen(view, { x: box.x, y: box.y + box.h })
    const { w, h } = camera.size()
    const { insets } = camera
    return {
      x: Math.max(8, Math.min(w - width - 8, x)),
      y: Math.max(insets.top, Math.min(h - insets.bottom - 64, y + FIELD_GAP_PX)),
      width,
    }
  })
  return (
    <textarea
      ref={(element) => {
        field = element
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
      style={{
        transform: `translate(${place()?.x ?? 0}px, ${place()?.y ?? 0}px)`,
        width: `${place()?.width ?? MIN_FIELD_WIDTH_PX}px`,
      }}
      onInput={grow}
      onBlur={() => end(true)}
      onKeyDown={(event) => {
        if (event.isComposing) return
        if (event.key === 'Escape' || (event.key === 'Enter' && !event.shiftKey)) {
          event.preventDefault()
          event.stopPropagation()
          end(event.key === 'Enter')
        }
      }}
    />
  )
}
