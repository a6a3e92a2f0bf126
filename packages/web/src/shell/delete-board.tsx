import { createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { serverUrl } from '../browser/server-url.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { panelWords } from '../words/panels.ts'
import { forget } from './visited-boards.ts'

/** Deletes this board for good, once that is confirmed. */
export function DeleteBoard(): JSX.Element {
  const { boardStore, toasts } = useApp()
  const { id } = boardStore.board
  const [isAsking, setAsking] = createSignal(false)
  let button: HTMLButtonElement | undefined
  const remove = async (): Promise<void> => {
    try {
      await request('DELETE', `/api/boards/${id}`)
      forget(id)
      location.assign(`${serverUrl}/`)
    } catch (error) {
      setAsking(false)
      toasts.warn(sentenceOf(error))
    }
  }
  const keep = (): void => {
    setAsking(false)
    button?.focus()
  }
  return (
    <Show
      when={isAsking()}
      fallback={
        <button ref={button} type="button" class="outlined" onClick={() => setAsking(true)}>
          {panelWords.deleteThisBoard}
        </button>
      }
    >
      <div class="ask" role="alertdialog" aria-labelledby="ask-delete-board">
        <p id="ask-delete-board">{panelWords.askDeleteBoard(boardStore.count())}</p>
        <button
          ref={(element) => queueMicrotask(() => element.focus())}
          type="button"
          class="outlined"
          onClick={keep}
        >
          {panelWords.keep}
        </button>
        <button type="button" class="main" onClick={() => inBackground(remove())}>
          {panelWords.deleteForGood}
        </button>
      </div>
    </Show>
  )
}
