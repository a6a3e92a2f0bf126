import arrow from 'lucide-static/icons/arrow-right.svg?raw'
import { createMemo, For, type JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import type { Edge, UnseenBeyondEdge } from '../state/unseen.ts'
import { overlayWords } from '../words/overlay.ts'

const CORNER_MARGIN_PX = 96

/** Shows a chip on each edge of the view with new pictures beyond it. */
export function UnseenChips(): JSX.Element {
  const { unseen } = useApp()
  const edges = createMemo(() =>
    unseen
      .beyondEdges()
      .map(({ edge }) => edge)
      .sort()
      .join(' '),
  )
  return (
    <div class="unseen-chips" role="status">
      <For each={edges().split(' ').filter(Boolean) as Edge[]}>
        {(edge) => <UnseenChip edge={edge} />}
      </For>
    </div>
  )
}

function UnseenChip(props: { edge: Edge }): JSX.Element {
  const { unseen, camera } = useApp()
  const beyond = createMemo<UnseenBeyondEdge | undefined>(
    (last) => unseen.beyondEdges().find(({ edge }) => edge === props.edge) ?? last,
  )
  const place = createMemo(() => {
    const { x = 0, y = 0, w = 0, h = 0 } = beyond()?.box ?? {}
    const at = toScreen(camera.view(), { x: x + w / 2, y: y + h / 2 })
    const { insets } = camera
    const size = camera.size()
    const within = (value: number, most: number): number =>
      Math.max(CORNER_MARGIN_PX, Math.min(most - CORNER_MARGIN_PX, value))
    return {
      left: { left: '16px', top: `${within(at.y, size.h)}px` },
      right: { right: '16px', top: `${within(at.y, size.h)}px` },
      top: { top: `${insets.top}px`, left: `${within(at.x, size.w)}px` },
      bottom: { bottom: `${insets.bottom}px`, left: `${within(at.x, size.w)}px` },
    }[props.edge]
  })
  return (
    <button
      type="button"
      class={`unseen-chip sheet ${props.edge}`}
      style={place()}
      title={overlayWords.goToNew}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => {
        const target = beyond()
        if (target) unseen.flyTo(target)
      }}
    >
      <span class="icon" aria-hidden="true" innerHTML={arrow} />
      <span>{overlayWords.newPictures(beyond()?.count ?? 0)}</span>
    </button>
  )
}
