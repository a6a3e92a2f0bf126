import { createSignal, type JSX, Show } from 'solid-js'
import { useApp } from '../app.ts'
import { inBackground } from '../browser/in-background.ts'
import { serverUrl } from '../browser/server-url.ts'
import { deleteBoard } from '../state/board-changes.ts'
import { sentenceOf } from '../state/link-exchange.ts'
import { Ask } from '../ui/ask.tsx'
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
      await deleteBoard(id)
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
      <Ask
        question={panelWords.askDeleteBoard(boardStore.count())}
        keep={panelWords.keep}
        act={panelWords.deleteForGood}
        onKeep={keep}
        onAct={() => inBackground(remove())}
      />
    </Show>
  )
}
