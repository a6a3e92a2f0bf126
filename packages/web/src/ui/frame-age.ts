import type { ImageRecord } from '@wirephoto/board'
import { type Board, FrameTimes } from '@wirephoto/client'
import {
  type Accessor,
  createEffect,
  createMemo,
  createSignal,
  on,
  onCleanup,
  untrack,
} from 'solid-js'
import { locale } from '../words/locale.ts'
import { overlayWords } from '../words/overlay.ts'
import { formatTime } from './format-time.ts'

/** Time between two looks at how old the last frame is. */
const AGE_INTERVAL_MS = 250

const seconds = new Intl.NumberFormat(locale, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
})

interface FrameAge {
  readonly isLate: Accessor<boolean>
  /** How old the last frame is; when it came, if the next one is late. */
  readonly text: Accessor<string>
  /** Takes the usual time between two frames, as the server knows it. */
  readonly expect: (intervalMs: number) => void
}

/** Follows the frames of a live slot. `knownAt` is the time of the last one, as far as it is known. */
export function createFrameAge(
  board: Board,
  id: string,
  record: Accessor<ImageRecord>,
  knownAt: number | null,
): FrameAge {
  const times = new FrameTimes()
  const [now, setNow] = createSignal(Date.now())
  const noteFrame = (): void => {
    times.note(Date.now())
  }
  if (knownAt !== null) times.note(knownAt)
  onCleanup(board.on('frame', (frame) => frame.id === id && noteFrame()))
  // Where no frame comes by the socket, the stored ones do.
  createEffect(on(() => record().blob, noteFrame, { defer: true }))
  const timer = setInterval(() => setNow(Date.now()), AGE_INTERVAL_MS)
  onCleanup(() => clearInterval(timer))
  const isLate = createMemo(() => times.isLate(now()))
  const text = (): string => {
    const { storedAt, replacedAt } = untrack(record)
    const lastAt = times.lastAt ?? replacedAt ?? storedAt ?? now()
    return isLate()
      ? overlayWords.lastFrame(formatTime(lastAt))
      : overlayWords.live(seconds.format((now() - lastAt) / 1000))
  }
  return { isLate, text, expect: (intervalMs) => times.expect(intervalMs) }
}
