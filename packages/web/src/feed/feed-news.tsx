import type { Box } from '@wirephoto/board'
import { createMemo, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { Icon } from '../look/icon.tsx'
import { sentCount } from '../state/sent-count.ts'
import { NewThumbnail } from '../ui/new-thumbnail.tsx'
import { overlayWords } from '../words/overlay.ts'

/** Between this and what stands above it. */
const GAP_PX = 8

interface FeedNewsProps {
  readonly boxes: ReadonlyMap<string, Box>
  /** Where the part of the rows begins that is in view. */
  readonly top: number
  /** Whether a guest's own pictures stand above the rows, which have the count. */
  readonly isBelowOwn: boolean | undefined
  readonly onGoToNew: () => void
}

/** Shows, over a feed, how many new pictures stand above its view, and how many of a drop of many are stored. */
export function FeedNews(props: FeedNewsProps): JSX.Element {
  const { standingParts, unseen } = useApp()
  const above = createMemo(() =>
    [...(unseen()?.ids() ?? [])].filter((id) => {
      const box = props.boxes.get(id)
      return box && box.y + box.h <= props.top
    }),
  )
  /** The question for one's name may stand at the top. */
  const standing = createMemo(() =>
    Math.max(
      0,
      ...standingParts.boxes().flatMap(({ y, h }) => (y + h / 2 < innerHeight / 2 ? y + h : [])),
    ),
  )
  return (
    <div class="feed-news" role="status" style={{ '--standing': `${standing() + GAP_PX}px` }}>
      <Show when={!props.isBelowOwn && sentCount()}>
        {(now) => <p class="sent-count sheet">{overlayWords.stored(now().stored, now().all)}</p>}
      </Show>
      <Show when={above().length > 0}>
        <button
          type="button"
          class="unseen-chip sheet"
          data-edge="top"
          title={overlayWords.goToNew}
          onClick={() => props.onGoToNew()}
        >
          <Icon name="arrowRight" />
          <NewThumbnail id={above().at(-1) ?? ''} />
          <span>{overlayWords.newPictures(above().length)}</span>
        </button>
      </Show>
    </div>
  )
}
