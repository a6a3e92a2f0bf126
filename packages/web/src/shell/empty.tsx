import { type JSX, Show } from 'solid-js'
import { isOffered } from '../actions/action.ts'
import { useApp } from '../app.ts'
import { isPhone } from '../look/screen.ts'
import { words } from '../words/page.ts'

export function EmptyBoard(): JSX.Element {
  const { boardStore, actions } = useApp()
  const mayAdd = (): boolean => isOffered(actions.choose)
  const [title, hint] = isPhone()
    ? [words.emptyTitleOnPhone, words.emptyHintForAll]
    : [words.emptyTitle, `${words.emptyHint} ${words.emptyHintForAll}`]
  return (
    <Show when={boardStore.status().loaded && boardStore.count() === 0}>
      <section class="empty" aria-labelledby="empty">
        <h2 id="empty">{mayAdd() ? title : words.emptyForViewer}</h2>
        <p>{mayAdd() ? hint : words.emptyForViewerHint}</p>
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
