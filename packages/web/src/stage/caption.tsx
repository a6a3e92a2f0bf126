import { createMemo, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { clamp } from '../geometry/box.ts'
import { toScreen } from '../geometry/view.ts'
import { isPhone } from '../look/screen.ts'
import { CaptionInput } from '../ui/caption-input.tsx'
import { transformTo, useFloating } from './floating.ts'

const FIELD_GAP_PX = 8
const PHONE_MARGIN_PX = 16
const MIN_FIELD_WIDTH_PX = 240

/**
 * Shows the field for the caption that is being edited: under its picture, on phones at the top. The large view has its
 * own.
 */
export function CaptionField(): JSX.Element {
  const { boardStore, captionEditing, panels } = useApp()
  const id = createMemo(() => {
    const now = panels.large() === null ? captionEditing.now() : null
    boardStore.revision()
    return now && boardStore.boxes.has(now) ? now : null
  })
  return (
    <Show when={id()} keyed>
      {(now) => <Field id={now} />}
    </Show>
  )
}

/** Shows the field itself, and gives the focus back. */
function Field(props: { id: string }): JSX.Element {
  const { boardStore, camera, captionEditing, selection } = useApp()
  const { id } = props
  const focused = document.activeElement
  const end = (): void => {
    captionEditing.end()
    if (focused instanceof HTMLElement && focused.isConnected)
      focused.focus({ preventScroll: true })
    else selection.activate(id)
  }
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
    <CaptionInput
      id={id}
      ref={place.ref}
      transform={transformTo(place.at())}
      width={`${width()}px`}
      onEnd={end}
    />
  )
}
