import { createMemo, For, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import { canRetry } from '../state/transfer-state.ts'
import { messageOf } from '../words/language.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { transformTo } from './floating.ts'

/** The size on screen from which a picture has room for the sentence and the buttons. */
const ROOM_PX = { w: 200, h: 88 }

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

/**
 * Shows one failure on its picture, with Retry and Remove, so that it covers no other. A small picture has
 * room for a tab only: the rest shows on hover and focus.
 */
function Failure(props: { id: string }): JSX.Element {
  const { boardStore, camera, drag } = useApp()
  const { id } = props
  const upload = boardStore.upload(id)
  const dragged = drag.position(id)
  const place = createMemo(() => {
    boardStore.revision()
    const { x = 0, y = 0, w = 1, h = 1 } = boardStore.boxes.get(id) ?? {}
    const now = { x, y, w, ...dragged() }
    const across = now.w ?? w
    const { zoom } = camera.view()
    const at = toScreen(camera.view(), { x: now.x, y: now.y + (h / w) * across })
    return { at, w: across * zoom, h: (h / w) * across * zoom }
  })
  const isSmall = (): boolean => place().w < ROOM_PX.w || place().h < ROOM_PX.h
  return (
    <div
      class="failure"
      classList={{ small: isSmall() }}
      role="group"
      aria-label={words.pictureLabel(boardStore.get(id)?.name ?? '', 'failed')}
      style={{ transform: transformTo(place().at), '--width': `${Math.round(place().w)}px` }}
    >
      <div>
        <strong>{overlayWords.notSent}</strong>
        <Show when={upload() && canRetry(upload()!)}>
          <button type="button" class="quiet" onClick={() => boardStore.board.retry(id)}>
            {words.retry}
          </button>
        </Show>
        <button type="button" class="quiet" onClick={() => boardStore.cancel(id)}>
          {overlayWords.remove}
        </button>
        <Show when={upload()?.error}>{(why) => <p>{messageOf(why())}</p>}</Show>
      </div>
    </div>
  )
}
