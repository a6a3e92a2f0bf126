import type { ImageRecord } from '@wirephoto/board'
import type { SeenBy } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, type JSX, on, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import type { TransferState } from '../state/transfer-state.ts'
import { authorAndTime } from '../ui/author-and-time.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { FrameAge, LiveFrames } from './live-tile.tsx'
import { namesOf, othersOf } from './seen-by.ts'

/** How long a picture shows who has seen it, after the last visitor who did. */
const SEEN_BY_SHOWN_MS = 10_000

interface PictureInfoProps {
  readonly record: ImageRecord | undefined
  readonly transfer: TransferState | null
  readonly seenBy: SeenBy | undefined
}

/**
 * Shows the strip under a picture: the progress of its upload, and to its sender who has seen it. On hover,
 * focus or selection it shows the caption, the author and the time. The tile of a live slot shows its frames.
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
  const about = (): string => {
    const { record } = props
    if (!record) return ''
    const { caption, name } = record
    const [by, time] = authorAndTime(record, boardStore)
    // The progress names the author already.
    return [caption || name, props.transfer ? '' : by, time].filter(Boolean).join(' · ')
  }
  const tile = createMemo<ImageRecord | null>(() => (props.record?.slot && props.record) || null)
  return (
    <Show when={props.transfer?.state !== 'failed'}>
      <Show when={tile()?.id} keyed>
        {(id) => <LiveFrames id={id} />}
      </Show>
      <div
        class="picture-info"
        // Screen readers get the same from the tile's name and description.
        aria-hidden="true"
        classList={{
          'on-hover': !props.transfer && !fresh() && !tile(),
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
                <p>{words.seenBy(seenBy().viewers.length, othersOf(seenBy()))}</p>
                <p>{slowest(seenBy())}</p>
              </>
            )}
          </Show>
        </div>
        <Show when={props.seenBy}>
          {(seenBy) => <p class="names">{namesOf(seenBy(), boardStore.nameOf)}</p>}
        </Show>
      </div>
    </Show>
  )
}

const slowest = ({ viewers }: SeenBy): string =>
  words.milliseconds(Math.max(...viewers.map(({ milliseconds }) => milliseconds)))

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
