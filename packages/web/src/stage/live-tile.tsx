import type { ImageRecord } from '@wirephoto/board'
import { LatestFrame } from '@wirephoto/client'
import { createEffect, type JSX, onCleanup } from 'solid-js'
import { useApp } from '../app.ts'
import { setLiveTiles } from '../state/live-tiles.ts'
import { createFrameAge } from '../ui/frame-age.ts'

interface LiveTileProps {
  readonly id: string
  readonly record: ImageRecord
}

/** Shows the frames of a live slot over its tile. */
export function LiveFrames(props: { id: string }): JSX.Element {
  const { id } = props
  const { boardStore } = useApp()
  const element = (<div class="live-frames" aria-hidden="true" />) as HTMLDivElement
  const frames = new LatestFrame((image) => {
    element.replaceChildren(image)
    return false
  })
  onCleanup(boardStore.board.on('frame', (frame) => frame.id === id && frames.draw(frame.bytes)))
  return element
}

/** Says how old the last frame of a live slot is; in amber, when it came, if the next one is late. */
export function FrameAge(props: LiveTileProps): JSX.Element {
  const { id } = props
  const { boardStore } = useApp()
  // Its tile came with its first frame.
  const knownAt = boardStore.hasComeLater(id) ? Date.now() : null
  const age = createFrameAge(boardStore.board, id, () => props.record, knownAt)
  createEffect(() => {
    if (age.isLate()) return
    setLiveTiles((all) => new Set(all).add(id))
    onCleanup(() => setLiveTiles((all) => new Set([...all].filter((other) => other !== id))))
  })
  return (
    <p class="frame-age" classList={{ late: age.isLate() }}>
      {age.text()}
    </p>
  )
}
