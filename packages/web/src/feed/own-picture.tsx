import { createMemo, type JSX, onCleanup, Show } from 'solid-js'
import { deletePictures } from '../actions/pictures.ts'
import { useApp } from '../app.ts'
import { Icon } from '../look/icon.tsx'
import { blurOf } from '../state/blur.ts'
import { variantUrl } from '../state/resolution.ts'
import { canRetry, transferStateOf } from '../state/transfer-state.ts'
import { createObjectUrl } from '../ui/object-url.ts'
import { ProgressLine } from '../ui/progress-line.tsx'
import { feedWords } from '../words/feed.ts'
import { messageOf } from '../words/language.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'

/** The longest side of the picture in a row. */
const THUMBNAIL_SIDE_PX = 56

interface OwnPictureProps {
  readonly id: string
  /** It grows with news of those that wait. */
  readonly revision: number
}

/** Shows one of a guest's own pictures, and how far it has come. */
export function OwnPicture(props: OwnPictureProps): JSX.Element {
  const app = useApp()
  const { boardStore, panels } = app
  const { board } = boardStore
  const { id } = props
  const record = boardStore.picture(id)
  const upload = boardStore.upload(id)
  const transfer = transferStateOf(boardStore, id, record)
  const previewed = createObjectUrl(boardStore.preview(id))
  const held = createMemo(() => {
    // The board changes its map in place.
    return props.revision >= 0 ? board.waiting.get(id) : undefined
  })
  const shown = () => held() ?? record()
  const name = (): string => shown()?.caption || shown()?.name || upload()?.name || ''
  const source = (): string | undefined => {
    const now = shown()
    const stored = now?.blob ? variantUrl(board, now, THUMBNAIL_SIDE_PX * devicePixelRatio) : null
    return (
      stored ??
      previewed() ??
      boardStore.fileUrl(id) ??
      ((now?.thumbhash && blurOf(now.thumbhash)) || undefined)
    )
  }
  const isFailed = (): boolean => upload()?.state === 'failed'
  const isOnBoard = (): boolean => !upload() && !held() && record()?.blob != null
  const state = (): string => {
    if (isFailed()) return overlayWords.notSent
    if (!upload() && held()?.state === 'waiting') return feedWords.waitsForHost
    const now = transfer()
    switch (now?.state) {
      case undefined:
        return feedWords.onBoard
      case 'stalled':
        if (now.waitsForServer) return overlayWords.waitingForServer
        return board.losesUnsent ? overlayWords.waitingForConnection(null) : feedWords.keptHere
      case 'waiting':
        return overlayWords.waiting
      case 'retrying':
        return now.isHeldUp ? overlayWords.heldUp : overlayWords.retrying(0)
      default:
        return words.percent(now?.share ?? 0)
    }
  }
  const remove = (): void => {
    if (upload()) boardStore.cancel(id)
    else if (held()) board.remove([id])
    else deletePictures(app, [id], words.deleted)
  }
  onCleanup(() => boardStore.releaseFile(id))
  return (
    <li data-own={id} data-state={isFailed() ? 'failed' : (transfer()?.state ?? 'stored')}>
      <button
        type="button"
        class="thumb"
        aria-label={name() || feedWords.unnamed}
        disabled={!isOnBoard()}
        onClick={() => panels.enlarge(id)}
      >
        <span class="picture-image">
          <img src={source()} alt="" decoding="async" draggable={false} />
          <ProgressLine transfer={transfer()} />
        </span>
      </button>
      <p>
        <span class="name" dir="auto">
          {name()}
        </span>
        <span class="mono state">{state()}</span>
        <Show when={upload()?.error}>
          {(error) => <span class="reason">{messageOf(error())}</span>}
        </Show>
      </p>
      <Show when={isFailed() && canRetry(upload()!)}>
        <button
          type="button"
          class="outlined"
          aria-label={feedWords.retry(name() || feedWords.unnamed)}
          onClick={() => board.retry(id)}
        >
          {words.retry}
        </button>
      </Show>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={feedWords.remove(name() || feedWords.unnamed)}
        onClick={remove}
      >
        <Icon name={isOnBoard() ? 'trash' : 'x'} />
      </button>
    </li>
  )
}
