import { createMemo, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import {
  type CaptionLines,
  captionLines,
  mayHaveCaption,
  roomBelow,
} from '../geometry/strip-place.ts'
import { neighboursOf } from './neighbours.ts'

/** A caption needs no more room than this. */
const MAX_ROOM_UNITS = 400

/** Shows a picture's caption under it, as far as no other picture stands there and it can be read. */
export function StandingCaption(props: { id: string; caption: string }): JSX.Element {
  const { boardStore, camera, captionEditing, drag } = useApp()
  const { id } = props
  const moved = drag.position(id)
  const box = createMemo(() => {
    boardStore.revision()
    return boardStore.boxes.get(id)
  })
  /** From afar hundreds of captions are hidden, and none looks for its room. */
  const isWideEnough = createMemo(() => {
    const now = box()
    return now !== undefined && mayHaveCaption(now, camera.view().zoom)
  })
  const room = createMemo(() => {
    const now = isWideEnough() && box()
    return now ? roomBelow(now, neighboursOf(boardStore, id, now), MAX_ROOM_UNITS) : 0
  })
  const lines = createMemo<CaptionLines | null>(
    () => {
      const now = box()
      const isHidden = !now || moved() || captionEditing.now() === id
      return isHidden ? null : captionLines(now, room(), camera.view().zoom)
    },
    null,
    { equals: (a, b) => a?.count === b?.count && a?.height === b?.height },
  )
  return (
    <Show when={lines()}>
      {(now) => (
        <p
          class="standing-caption"
          // Screen readers get it from the tile's name.
          aria-hidden="true"
          dir="auto"
          style={{ '--lines': now().count, '--line': `${now().height}px` }}
        >
          {props.caption}
        </p>
      )}
    </Show>
  )
}
