import { words } from '@wirephoto/board'
import { type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'

const { ui } = words

export function EmptyBoard(): JSX.Element {
  const { desk, actions } = useApp()
  return (
    <Show when={desk.status().loaded && desk.count() === 0}>
      <section class="empty" aria-label={ui.emptyTitle}>
        <h2>{ui.emptyTitle}</h2>
        <p>{ui.emptyHint}</p>
        <div class="buttons">
          <button type="button" class="main" onClick={actions.choose.run}>
            {ui.choose}
          </button>
          <button type="button" class="outlined" onClick={actions.copyLink.run}>
            {ui.copyLink}
          </button>
        </div>
      </section>
    </Show>
  )
}
