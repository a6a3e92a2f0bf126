import type { Box } from '@wirephoto/board'
import { createEffect, createMemo, createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { blurOf, paperOf } from '../state/blur.ts'
import { idsInFeed } from '../state/feed-view.ts'
import { greetings } from '../state/greetings.ts'
import { createLargePreview } from '../state/large-preview.ts'
import { variantUrl } from '../state/resolution.ts'
import { transferStateOf } from '../state/transfer-state.ts'
import { Greeting } from '../ui/greeting.tsx'
import { createObjectUrl } from '../ui/object-url.ts'
import { ProgressLine } from '../ui/progress-line.tsx'
import { SharpPicture } from '../ui/sharp-picture.tsx'
import { words } from '../words/page.ts'

interface FeedPictureProps {
  readonly id: string
  readonly box: Box | undefined
}

/** Shows one picture of the feed: what is at hand at once, and over that its file in the size that it has here. */
export function FeedPicture(props: FeedPictureProps): JSX.Element {
  const { boardStore, paintReporter, panels } = useApp()
  const { id } = props
  const current = boardStore.picture(id)
  const record = createMemo<ReturnType<typeof current>>((last) => current() ?? last)
  const transfer = transferStateOf(boardStore, id, record)
  const preview = boardStore.preview(id)
  const previewed = createObjectUrl(preview)
  const blur = (): string | undefined => {
    const hash = record()?.thumbhash
    return (hash && blurOf(hash)) || undefined
  }
  const largePreviewOf = createLargePreview(boardStore, id)
  const sharp = createMemo<string | null>((last) => {
    const [now, box] = [record(), props.box]
    if (!now || !box) return last
    const pixels = Math.max(box.w, box.h) * devicePixelRatio
    // The large preview of one that has just come stays until its variant is there.
    return (now.blob ? variantUrl(boardStore.board, now, pixels) : largePreviewOf(pixels)) ?? last
  }, null)
  const name = (): string => record()?.caption || record()?.name || ''
  const greeted = (): readonly string[] => greetings()?.now() ?? []
  const isGreeted = createMemo(() => greeted().includes(id))
  const [isDrawn, setDrawn] = createSignal(false)
  const noteDrawn = (address: string): void => {
    // A blur shows nobody what the picture is of.
    if (address !== blur()) setDrawn(true)
  }
  const isSeen = createMemo(() => isDrawn() && (idsInFeed() ?? []).includes(id))
  createEffect(() => isSeen() && paintReporter.markPainted(id))
  const state = (): string => transfer()?.state ?? 'stored'
  return (
    <li
      data-image={id}
      data-state={state()}
      style={{
        left: `${props.box?.x ?? 0}px`,
        top: `${props.box?.y ?? 0}px`,
        width: `${props.box?.w ?? 0}px`,
        height: `${props.box?.h ?? 0}px`,
      }}
    >
      <button
        type="button"
        aria-label={words.pictureLabel(name(), state())}
        onClick={() => panels.enlarge(id)}
      >
        <span class="picture-image" style={{ background: paperOf(record()?.thumbhash) }}>
          <SharpPicture available={previewed() ?? blur()} sharp={sharp()} onDrawn={noteDrawn} />
          <ProgressLine transfer={transfer()} />
        </span>
      </button>
      <Show when={isGreeted()}>
        <Greeting id={id} all={greeted()} />
      </Show>
    </li>
  )
}
