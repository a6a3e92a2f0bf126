import type { ImageRecord } from '@wirephoto/board'
import type { SeenBy } from '@wirephoto/client'
import { type Accessor, createSignal, type JSX, Show } from 'solid-js'
import type { TransferState } from '../state/transfer-state.ts'
import { Author } from './author.tsx'
import { PictureInfo } from './picture-info.tsx'

interface TileDetailsProps {
  readonly record: ImageRecord | undefined
  readonly transfer: TransferState | null
  readonly seenBy: SeenBy | undefined
}

/** Shows what stands on a picture and below it, a frame after the picture: of hundreds at once, the boxes go first. */
export function TileDetails(props: TileDetailsProps): JSX.Element {
  const isDue = afterPaint()
  return (
    <Show when={isDue()}>
      <Author record={props.record} />
      <PictureInfo record={props.record} transfer={props.transfer} seenBy={props.seenBy} />
    </Show>
  )
}

/** The signal of those that were made since the last frame. */
let shared: Accessor<boolean> | null = null

/** Returns a signal that is set once the browser has painted what stands now. */
function afterPaint(): Accessor<boolean> {
  if (shared) return shared
  const [isPainted, setPainted] = createSignal(false)
  shared = isPainted
  requestAnimationFrame(() => {
    shared = null
    setTimeout(() => setPainted(true))
  })
  return isPainted
}
