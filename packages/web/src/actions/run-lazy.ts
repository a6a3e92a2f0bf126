import type { AppState } from '../app-state.ts'
import { words } from '../words/page.ts'

type LazyActions = typeof import('./lazy-actions.ts')

let loaded: LazyActions | null = null

/** Does what comes after the board: at once when it is here, so that what is asked for next follows. */
export function runLazy({ toasts }: AppState, what: (deeds: LazyActions) => unknown): void {
  if (loaded) return void what(loaded)
  import('./lazy-actions.ts').then(
    (deeds) => {
      loaded = deeds
      what(deeds)
    },
    () => toasts.warn(words.needsConnection),
  )
}
