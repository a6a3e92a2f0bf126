import { createMemo, For, type JSX } from 'solid-js'
import { useApp } from '../app.ts'
import { toScreen } from '../geometry/view.ts'
import { Icon } from '../look/icon.tsx'
import type { Edge, UnseenBeyondEdge } from '../state/unseen.ts'
import { NewThumbnail } from '../ui/new-thumbnail.tsx'
import { overlayWords } from '../words/overlay.ts'
import { transformTo, useFloating } from './floating.ts'

const EDGE_MARGIN_PX = 16

/** Shows a chip on each edge of the view with new pictures beyond it. */
export function UnseenChips(): JSX.Element {
  const { unseen } = useApp()
  const edges = createMemo(() =>
    unseen()!
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
  const { edge } = props
  const beyond = createMemo<UnseenBeyondEdge | undefined>(
    (last) =>
      unseen()!
        .beyondEdges()
        .find((each) => each.edge === edge) ?? last,
  )
  const { at, ref } = useFloating().add('chip', (size) => {
    const { x = 0, y = 0, w = 0, h = 0 } = beyond()?.box ?? {}
    const middle = toScreen(camera.view(), { x: x + w / 2, y: y + h / 2 })
    const screen = camera.size()
    const level = { x: middle.x - size.w / 2, y: middle.y - size.h / 2 }
    const place = {
      left: { x: EDGE_MARGIN_PX, y: level.y },
      right: { x: screen.w - size.w - EDGE_MARGIN_PX, y: level.y },
      top: { x: level.x, y: EDGE_MARGIN_PX },
      bottom: { x: level.x, y: screen.h - size.h - EDGE_MARGIN_PX },
    }
    return [place[edge]]
  })
  return (
    <button
      ref={ref}
      type="button"
      class="unseen-chip sheet"
      data-edge={edge}
      style={{ transform: transformTo(at()) }}
      title={overlayWords.goToNew}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => {
        const target = beyond()
        if (target) unseen()!.flyTo(target)
      }}
    >
      <Icon name="arrowRight" />
      <NewThumbnail id={beyond()?.lastId ?? ''} />
      <span>{overlayWords.newPictures(beyond()?.count ?? 0)}</span>
    </button>
  )
}
