import { type JSX, Show } from 'solid-js'
import { isOffered } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { words } from '../words/page.ts'

export function EmptyBoard(): JSX.Element {
  const { boardStore, actions } = useApp()
  const mayAdd = (): boolean => isOffered(actions.choose)
  return (
    <Show when={boardStore.status().loaded && boardStore.count() === 0}>
      <section class="empty" aria-labelledby="empty">
        <h2 id="empty">{mayAdd() ? words.emptyTitle : words.emptyForViewer}</h2>
        <p>{mayAdd() ? words.emptyHint : words.emptyForViewerHint}</p>
        <Show when={mayAdd()}>
          <div class="buttons">
            <button type="button" class="main" onClick={actions.choose.run}>
              {words.choose}
            </button>
            <button type="button" class="outlined" onClick={actions.copyLink.run}>
              {words.copyLink}
            </button>
          </div>
        </Show>
      </section>
    </Show>
  )
}
