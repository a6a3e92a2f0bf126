import { WireError } from '@wirephoto/board'
import { slotUrl } from '@wirephoto/client'
import { createEffect, createMemo, createSignal, type JSX, on, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { hasAlt, hasMod } from '../input/keys.ts'
import { IconButton } from '../look/button.tsx'
import { paperOf } from '../state/blur.ts'
import { filmstripId } from '../state/filmstrip.ts'
import { FramePresenter } from '../state/frame-presenter.ts'
import { Dialog } from '../ui/dialog.tsx'
import { LatestImage } from '../ui/latest-image.ts'
import { messageOf } from '../words/language.ts'
import { locale } from '../words/locale.ts'
import { words } from '../words/page.ts'
import { panelWords } from '../words/panels.ts'
import '../ui/full-panel.css'
import './filmstrip.css'

/** How long each frame stands while the strip plays. */
const PLAY_INTERVAL_MS = 250

/** A stored frame, as the server lists it. */
interface StoredFrame {
  readonly blob: string
  /** Milliseconds since 1970. */
  readonly at: number
}

const time = new Intl.DateTimeFormat(locale, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})
const dayAndTime = new Intl.DateTimeFormat(locale, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** Shows the stored frames of a live slot: by a slider, one after the other, and on everybody's screens. */
export function Filmstrip(): JSX.Element {
  const { boardStore, panels, toasts } = useApp()
  const { board } = boardStore
  const id = filmstripId()!
  const record = createMemo(() => boardStore.picture(id)())
  const slot = createMemo(() => record()?.slot ?? null)
  const [frames, setFrames] = createSignal<readonly StoredFrame[]>([])
  const [nth, setNth] = createSignal(0)
  const [isPlaying, setPlaying] = createSignal(false)
  const [isShowing, setShowing] = createSignal(false)
  /** The frame that is drawn. */
  const [drawn, setDrawn] = createSignal<StoredFrame | null>(null)
  const current = createMemo(() => frames()[nth()] ?? null)
  const last = (): number => frames().length - 1
  const urlOf = ({ blob }: StoredFrame): string => `${slotUrl(board, slot()!)}/frames/${blob}`

  const go = (to: number): void => {
    setNth(Math.max(0, Math.min(last(), to)))
  }
  const seek = (to: number): void => {
    setPlaying(false)
    go(to)
  }
  const play = (): void => {
    if (!isPlaying() && nth() >= last()) go(0)
    setPlaying((is) => !is && last() > 0)
  }

  /** Reads the list. The frame that stands keeps its place, and the last one gives way to a later one. */
  const read = async (name: string): Promise<void> => {
    const path = `/api/boards/${board.id}/slots/${name}/frames`
    const { frames: listed } = await request<{ frames: StoredFrame[] }>('GET', path)
    const before = current()
    const wasLast = nth() >= last() && !isPlaying()
    const at = wasLast ? -1 : listed.findIndex((frame) => frame.at === before?.at)
    setFrames(listed)
    if (wasLast) go(last())
    else go(Math.max(0, at))
  }
  createEffect(
    on([slot, () => record()?.blob], ([name]) => {
      if (name === null) return panels.close()
      read(name).catch((error: unknown) => toasts.warn(sentenceOf(error)))
    }),
  )
  createEffect(() => {
    if (!isPlaying() || drawn() !== current()) return
    const timer = setTimeout(() => {
      go(nth() + 1)
      if (nth() >= last()) setPlaying(false)
    }, PLAY_INTERVAL_MS)
    onCleanup(() => clearTimeout(timer))
  })

  const presenter = new FramePresenter(board, (error) => {
    setShowing(false)
    toasts.warn(sentenceOf(error))
  })
  createEffect(() => {
    const frame = current()
    if (!isShowing()) presenter.end()
    else if (frame) presenter.show(urlOf(frame))
  })
  onCleanup(() => presenter.end())

  const onKeyDown = (event: KeyboardEvent): void => {
    if (hasAlt(event) || hasMod(event)) return
    const isOnButton = event.target instanceof HTMLButtonElement
    if (event.key === ' ' && !isOnButton) play()
    else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight')
      seek(nth() + (event.key === 'ArrowRight' ? 1 : -1))
    else if (event.key === 'Home') seek(0)
    else if (event.key === 'End') seek(last())
    else return
    event.preventDefault()
  }
  const label = (): string => panelWords.filmstripOf(record()?.caption || (slot() ?? ''))
  const told = (): string => {
    const frame = current()
    return frame ? formatMoment(frame.at) : ''
  }
  return (
    <Dialog class="full filmstrip" label={label()} onKeyDown={onKeyDown}>
      <figure class="frame">
        <div
          class="framed"
          ref={(element) => drawInto(element, current, urlOf, setDrawn)}
          style={{
            background: paperOf(record()?.thumbhash),
            '--ratio': (record()?.width ?? 1) / (record()?.height ?? 1),
          }}
        />
      </figure>
      <footer>
        <input
          type="range"
          class="reel"
          min={0}
          max={Math.max(0, last())}
          step={1}
          value={nth()}
          disabled={last() < 1}
          autofocus
          aria-label={panelWords.frame}
          aria-valuetext={told()}
          onInput={({ currentTarget }) => seek(Number(currentTarget.value))}
        />
        <IconButton
          icon={isPlaying() ? 'pause' : 'play'}
          label={isPlaying() ? panelWords.pause : panelWords.play}
          disabled={last() < 1}
          onClick={play}
        />
        <p class="about">
          <Show when={current()}>
            <time class="mono" datetime={new Date(current()!.at).toISOString()}>
              {told()}
            </time>
            <span class="mono">{panelWords.position(nth() + 1, frames().length)}</span>
          </Show>
        </p>
        <Show when={boardStore.may('board.show')}>
          <button
            type="button"
            class="outlined"
            aria-pressed={isShowing()}
            onClick={() => setShowing((is) => !is)}
          >
            {panelWords.showEverybody}
          </button>
        </Show>
        <IconButton icon="x" label={words.close} onClick={panels.close} />
      </footer>
      <Show when={frames().length === 1}>
        <p class="hint" role="status">
          {panelWords.oneFrame}
        </p>
      </Show>
    </Dialog>
  )
}

/** Has an element show the current frame. Each is decoded before, and the latest of those that wait comes next. */
function drawInto(
  element: HTMLElement,
  current: () => StoredFrame | null,
  urlOf: (frame: StoredFrame) => string,
  onDrawn: (frame: StoredFrame) => void,
): void {
  const latest = new LatestImage(element)
  createEffect(() => {
    const frame = current()
    if (frame) inBackground(latest.draw(urlOf(frame)).then(() => onDrawn(frame)))
  })
}

/** Formats a time to the second, with the day in front unless that is today. */
function formatMoment(at: number): string {
  const isToday = new Date(at).toDateString() === new Date().toDateString()
  return (isToday ? time : dayAndTime).format(at)
}

const sentenceOf = (error: unknown): string =>
  error instanceof WireError ? messageOf(error) : words.needsConnection
