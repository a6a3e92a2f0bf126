import { createMemo, For, type JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'

/** Shows what failed for each of one's own uploads, outside the listbox: options can't hold buttons. */
export function Failures(): JSX.Element {
  const { boardStore } = useApp()
  const ids = createMemo(() => {
    boardStore.revision()
    const { uploads } = boardStore.board
    return [...uploads.keys()].filter(
      (id) => uploads.get(id)?.state === 'failed' && boardStore.boxes.has(id),
    )
  })
  return <For each={ids()}>{(id) => <Failure id={id} />}</For>
}

/** Shows one failure under its picture, with Retry and Remove. */
function Failure(props: { id: string }): JSX.Element {
  const { boardStore, camera, drag } = useApp()
  const { id } = props
  const upload = boardStore.upload(id)
  const dragged = drag.position(id)
  const at = createMemo(() => {
    boardStore.revision()
    const { x = 0, y = 0, w = 1, h = 1 } = boardStore.boxes.get(id) ?? {}
    const now = { x, y, w, ...dragged() }
    return toScreen(camera.view(), { x: now.x, y: now.y + (h / w) * (now.w ?? w) })
  })
  return (
    <div
      class="failure"
      role="group"
      aria-label={words.pictureLabel(boardStore.get(id)?.name ?? '', 'failed')}
      style={{ transform: `translate(${Math.round(at().x)}px, ${Math.round(at().y)}px)` }}
    >
      <strong>{overlayWords.notSent}</strong>
      <button type="button" class="quiet" onClick={() => boardStore.board.retry(id)}>
        {words.retry}
      </button>
      <button type="button" class="quiet" onClick={() => boardStore.cancel(id)}>
        {overlayWords.remove}
      </button>
      <p>{upload()?.error?.message}</p>
    </div>
  )
}
