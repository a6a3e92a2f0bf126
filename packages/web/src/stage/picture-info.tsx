import type { Box, ImageRecord } from '@wirephoto/board'
import type { SeenBy } from '@wirephoto/client'
import {
  type Accessor,
  createEffect,
  createMemo,
  createSignal,
  type JSX,
  on,
  onCleanup,
  Show,
} from 'solid-js'
import { useApp } from '../app.ts'
import { type StripPlace, stripPlace } from '../geometry/strip-place.ts'
import type { TransferState } from '../state/transfer-state.ts'
import { authorAndTime } from '../ui/author-and-time.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { FrameAge, LiveFrames } from './live-tile.tsx'
import { neighboursOf } from './neighbours.ts'
import { namesOf, othersOf } from './seen-by.ts'
import { StandingCaption } from './standing-caption.tsx'

/** How long a picture shows who has seen it, after the last visitor who did. */
const SEEN_BY_SHOWN_MS = 10_000

interface PictureInfoProps {
  readonly record: ImageRecord | undefined
  readonly transfer: TransferState | null
  readonly seenBy: SeenBy | undefined
}

/**
 * Shows the strip of a picture: the progress of its upload, and to its sender who has seen it. On hover,
 * focus or selection it shows the caption, the author and the time. At other times the caption stands alone.
 * The tile of a live slot shows its frames.
 */
export function PictureInfo(props: PictureInfoProps): JSX.Element {
  const { boardStore } = useApp()
  const [fresh, setFresh] = createSignal(false)
  createEffect(
    on(
      () => props.seenBy,
      () => {
        setFresh(true)
        const timer = setTimeout(() => setFresh(false), SEEN_BY_SHOWN_MS)
        onCleanup(() => clearTimeout(timer))
      },
      { defer: true },
    ),
  )
  const tile = createMemo<ImageRecord | null>(() => (props.record?.slot && props.record) || null)
  const isQuiet = (): boolean => !props.transfer && !fresh() && !tile()
  let strip: HTMLDivElement | undefined
  const isShown = createMemo(() => props.transfer?.state !== 'failed')
  const isPointedAt = createPointedAt(() => strip, isShown)
  const place = createStripPlace(props, isPointedAt, isQuiet)
  const about = (): string => {
    const { record } = props
    if (!record) return ''
    const { caption, name } = record
    const [by, time] = authorAndTime(record, boardStore)
    // The progress names the author already.
    return [caption || name, props.transfer ? '' : by, time].filter(Boolean).join(' · ')
  }
  return (
    <Show when={isShown()}>
      <Show when={tile()?.id} keyed>
        {(id) => <LiveFrames id={id} />}
      </Show>
      <div
        ref={strip}
        class="picture-info"
        data-where={place()?.where}
        style={{ '--room': `${place()?.room ?? 0}px` }}
        // Screen readers get the same from the tile's name and description.
        aria-hidden="true"
        classList={{
          'on-hover': isQuiet(),
          begun: (props.transfer?.share ?? 0) > 0,
        }}
      >
        <div class="facts">
          <Show when={props.transfer}>
            {(transfer) => (
              <p class="transfer">
                <Progress transfer={transfer()} />
              </p>
            )}
          </Show>
          <Show when={tile()}>{(record) => <FrameAge id={record().id} record={record()} />}</Show>
          <p class="about" dir="auto">
            {about()}
          </p>
          <Show when={props.seenBy}>
            {(seenBy) => (
              <>
                <p>{overlayWords.seenBy(seenBy().viewers.length, othersOf(seenBy()))}</p>
                <p>{slowest(seenBy())}</p>
              </>
            )}
          </Show>
        </div>
        <Show when={props.seenBy}>
          {(seenBy) => <p class="names">{namesOf(seenBy(), boardStore.nameOf)}</p>}
        </Show>
      </div>
      <Show when={isQuiet() && props.record?.caption}>
        {(caption) => <StandingCaption id={props.record!.id} caption={caption()} />}
      </Show>
    </Show>
  )
}

/** Returns whether the pointer is on the tile around a strip, as a signal. */
function createPointedAt(
  strip: () => HTMLElement | undefined,
  isShown: Accessor<boolean>,
): Accessor<boolean> {
  const [isPointedAt, setPointedAt] = createSignal(false)
  const enter = (): void => {
    setPointedAt(true)
  }
  const leave = (): void => {
    setPointedAt(false)
  }
  createEffect(() => {
    const tile = isShown() ? strip()?.parentElement : null
    if (!tile) return
    setPointedAt(tile.matches(':hover'))
    tile.addEventListener('pointerenter', enter)
    tile.addEventListener('pointerleave', leave)
    onCleanup(() => {
      tile.removeEventListener('pointerenter', enter)
      tile.removeEventListener('pointerleave', leave)
    })
  })
  return isPointedAt
}

/** Returns where a strip stands, null while nobody sees it. */
function createStripPlace(
  props: PictureInfoProps,
  isPointedAt: Accessor<boolean>,
  isQuiet: () => boolean,
): Accessor<StripPlace | null> {
  const { boardStore, camera, selection } = useApp()
  return createMemo<StripPlace | null>(
    () => {
      const { record, transfer } = props
      if (!record) return null
      const { id } = record
      const isLookedAt = isPointedAt() || selection.has(id) || selection.isActive(id)
      const isInTrouble = transfer?.state === 'stalled' || transfer?.state === 'retrying'
      // From afar hundreds of strips are hidden.
      if (!isLookedAt && !isInTrouble && (isQuiet() || camera.level() < 0.5)) return null
      boardStore.revision()
      const box = boardStore.boxes.get(id)
      const besides = (around: Box): Iterable<Box> => neighboursOf(boardStore, id, around)
      return box ? stripPlace(box, besides, camera.view().zoom) : null
    },
    null,
    { equals: (a, b) => a?.where === b?.where && a?.room === b?.room },
  )
}

const slowest = ({ viewers }: SeenBy): string =>
  overlayWords.milliseconds(Math.max(...viewers.map(({ milliseconds }) => milliseconds)))

/** Says how far an upload is, as one text: browsers that translate replace text nodes. */
function Progress(props: { transfer: TransferState }): JSX.Element {
  const [now, setNow] = createSignal(Date.now())
  createEffect(() => {
    if (props.transfer.state !== 'retrying') return
    const tick = (): void => {
      setNow(Date.now())
    }
    tick()
    const timer = setInterval(tick, 250)
    onCleanup(() => clearInterval(timer))
  })
  const progress = (): string => {
    const { state, share, retryAt } = props.transfer
    if (state === 'retrying')
      return overlayWords.retrying(Math.max(0, Math.ceil((retryAt - now()) / 1000)))
    if (state === 'waiting') return overlayWords.waiting
    return share === null ? '' : words.percent(share)
  }
  const text = (): string => {
    const { state, by, waitsForServer, isHeldUp } = props.transfer
    if (state === 'stalled')
      return waitsForServer ? overlayWords.waitingForServer : overlayWords.waitingForConnection(by)
    const heldUp = state === 'retrying' && isHeldUp ? overlayWords.heldUp : ''
    return [heldUp, progress(), by].filter(Boolean).join(' · ')
  }
  return <>{text()}</>
}
