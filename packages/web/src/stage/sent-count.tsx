import { createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { overlayWords } from '../words/overlay.ts'
import { transformTo, useFloating } from './floating.ts'

/** Fewer pictures need no count: each has its own line. */
const MIN_COUNT = 4
const TOP_PX = 16

/** Counts the pictures of a drop of many as they are stored: "12 of 40". */
export function SentCount(): JSX.Element {
  const { board } = useApp().boardStore
  const [counts, setCounts] = createSignal<{ stored: number; all: number } | null>(null)
  const batch = new Set<string>()
  const count = (): void => {
    const isOnItsWay = board.uploads.values().some(({ state }) => state !== 'failed')
    if (!isOnItsWay) batch.clear()
    else for (const id of board.uploads.keys()) batch.add(id)
    let stored = 0
    for (const id of batch) {
      if (board.uploads.has(id)) continue
      // One that was given up is counted no more.
      if (board.pictures.get(id)?.blob) stored++
      else batch.delete(id)
    }
    setCounts(batch.size >= MIN_COUNT ? { stored, all: batch.size } : null)
  }
  onCleanup(board.on('uploads', count))
  count()
  return <Show when={counts()}>{(now) => <Count stored={now().stored} all={now().all} />}</Show>
}

function Count(props: { stored: number; all: number }): JSX.Element {
  const { camera } = useApp()
  const { at, ref } = useFloating().add('chip', (size) => [
    { x: (camera.size().w - size.w) / 2, y: TOP_PX },
  ])
  return (
    <p ref={ref} class="sent-count sheet" style={{ transform: transformTo(at()) }}>
      {overlayWords.stored(props.stored, props.all)}
    </p>
  )
}
