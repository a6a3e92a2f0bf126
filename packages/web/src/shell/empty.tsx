import { type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { words } from '../words/page.ts'

export function EmptyBoard(): JSX.Element {
  const { boardStore, actions } = useApp()
  return (
    <Show when={boardStore.status().loaded && boardStore.count() === 0}>
      <section class="empty" aria-label={words.emptyTitle}>
        <h2>{words.emptyTitle}</h2>
        <p>{words.emptyHint}</p>
        <div class="buttons">
          <button type="button" class="main" onClick={actions.choose.run}>
            {words.choose}
          </button>
          <button type="button" class="outlined" onClick={actions.copyLink.run}>
            {words.copyLink}
          </button>
        </div>
      </section>
    </Show>
  )
}
