import { words } from '@wirephoto/board'
import { createMemo, For, type JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'

const { ui } = words

/** One's own pictures that couldn't be sent, and what to do: beside their list, which has no room for buttons. */
export function Failures(): JSX.Element {
  const { desk } = useApp()
  const ids = createMemo(() => {
    desk.ticks()
    const { uploads } = desk.board
    return [...uploads.keys()].filter(
      (id) => uploads.get(id)?.state === 'failed' && desk.boxes.has(id),
    )
  })
  return <For each={ids()}>{(id) => <Failure id={id} />}</For>
}

/** Under its picture. */
function Failure(props: { id: string }): JSX.Element {
  const { desk, camera, hands } = useApp()
  const { id } = props
  const upload = desk.upload(id)
  const away = hands.at(id)
  const at = createMemo(() => {
    desk.ticks()
    const { x = 0, y = 0, w = 1, h = 1 } = desk.boxes.get(id) ?? {}
    const now = { x, y, w, ...away() }
    return toScreen(camera.view(), { x: now.x, y: now.y + (h / w) * (now.w ?? w) })
  })
  return (
    <div
      class="failure"
      role="group"
      aria-label={ui.pictureLabel(desk.get(id)?.name ?? '', 'failed')}
      style={{ transform: `translate(${Math.round(at().x)}px, ${Math.round(at().y)}px)` }}
    >
      <strong>{ui.notSent}</strong>
      <button type="button" class="quiet" onClick={() => desk.board.retry(id)}>
        {ui.retry}
      </button>
      <button type="button" class="quiet" onClick={() => desk.cancel(id)}>
        {ui.remove}
      </button>
      <p>{upload()?.error?.message}</p>
    </div>
  )
}
