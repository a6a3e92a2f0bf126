import { limits } from '@wirephoto/board'
import { createMemo, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { clamp } from '../geometry/box.ts'
import { toScreen } from '../geometry/view.ts'
import { isComposed } from '../input/keys.ts'
import { isPhone } from '../look/screen.ts'
import { overlayWords } from '../words/overlay.ts'
import { transformTo, useFloating } from './floating.ts'

const FIELD_GAP_PX = 8
const PHONE_MARGIN_PX = 16
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
  const width = (): number => {
    const w = (boardStore.boxes.get(id)?.w ?? 0) * camera.view().zoom
    return isPhone() ? camera.size().w - 2 * PHONE_MARGIN_PX : clamp(w, MIN_FIELD_WIDTH_PX, 480)
  }
  const place = useFloating().add('caption-field', () => {
    boardStore.revision()
    const box = boardStore.boxes.get(id)
    if (!box) return null
    // The phone's keyboard covers all but the top.
    if (isPhone()) return [{ x: PHONE_MARGIN_PX, y: camera.insets.top }]
    const { x, y } = toScreen(camera.view(), { x: box.x, y: box.y + box.h })
    return [{ x, y: y + FIELD_GAP_PX }]
  })
  return (
    <textarea
      ref={(element) => {
        field = element
        place.ref(element)
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
        transform: transformTo(place.at()),
        width: `${width()}px`,
      }}
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
