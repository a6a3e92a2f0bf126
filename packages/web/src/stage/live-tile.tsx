import type { ImageRecord } from '@wirephoto/board'
import { FrameTimes, LatestFrame } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, type JSX, on, onCleanup, untrack } from 'solid-js'
import { useApp } from '../app.ts'

import { setLiveTiles } from '../state/live-tiles.ts'
import { formatTime } from '../ui/format-time.ts'
import { locale } from '../words/locale.ts'
import { overlayWords } from '../words/overlay.ts'

/** Time between two looks at how old the last frame is. */
const AGE_INTERVAL_MS = 250

const seconds = new Intl.NumberFormat(locale, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})

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
  const times = new FrameTimes()
  const [now, setNow] = createSignal(Date.now())
  const noteFrame = (): void => {
    times.note(Date.now())
  }
  // Its tile came with its first frame.
  if (boardStore.hasComeLater(id)) noteFrame()
  onCleanup(boardStore.board.on('frame', (frame) => frame.id === id && noteFrame()))
  // Where no frame comes by the socket, the stored ones do.
  createEffect(on(() => props.record.blob, noteFrame, { defer: true }))
  const timer = setInterval(() => setNow(Date.now()), AGE_INTERVAL_MS)
  onCleanup(() => clearInterval(timer))
  const isLate = createMemo(() => times.isLate(now()))
  createEffect(() => {
    if (isLate()) return
    setLiveTiles((all) => new Set(all).add(id))
    onCleanup(() => setLiveTiles((all) => new Set([...all].filter((other) => other !== id))))
  })
  const text = (): string => {
    const { storedAt, replacedAt } = untrack(() => props.record)
    const lastAt = times.lastAt ?? replacedAt ?? storedAt ?? now()
    return isLate()
      ? overlayWords.lastFrame(formatTime(lastAt))
      : overlayWords.live(seconds.format((now() - lastAt) / 1000))
  }
  return (
    <p class="frame-age" classList={{ late: isLate() }}>
      {text()}
    </p>
  )
}
