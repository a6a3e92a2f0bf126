import { type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { idsInFeed } from '../state/feed-view.ts'
import { followSentCount, sentCount } from '../state/sent-count.ts'
import { overlayWords } from '../words/overlay.ts'
import { transformTo, useFloating } from './floating.ts'

const TOP_PX = 16

/** Counts the pictures of a drop of many as they are stored: "12 of 40". The feed shows it while it covers the board. */
export function SentCount(): JSX.Element {
  followSentCount(useApp().boardStore.board)
  return (
    <Show when={idsInFeed() === null && sentCount()}>
      {(now) => <Count stored={now().stored} all={now().all} />}
    </Show>
  )
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
