import { createEffect, createSignal, type JSX, onCleanup, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import './kept-metadata.css'

/** Says that new pictures keep their metadata, as long as they do, and says it to everybody when that changes. */
export function KeptMetadata(): JSX.Element {
  const { boardStore, actions, toasts } = useApp()
  const { board } = boardStore
  const [isKept, set] = createSignal(board.settings.keepMetadata)
  onCleanup(board.on('settings', () => set(board.settings.keepMetadata)))
  createEffect((before: boolean) => {
    if (isKept() && !before)
      toasts.warn(overlayWords.metadataKeptNow, {
        label: words.settings,
        run: actions.settings.run,
      })
    else if (before && !isKept()) toasts.say(overlayWords.metadataScrubbedNow)
    return isKept()
  }, isKept())
  return (
    <Show when={isKept()}>
      <button type="button" class="kept-metadata sheet" onClick={actions.settings.run}>
        {overlayWords.metadataKept}
      </button>
    </Show>
  )
}
