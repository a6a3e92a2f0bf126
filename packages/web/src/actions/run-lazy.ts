import type { AppState } from '../app-state.ts'
import { tellMissingPart } from '../state/missing-part.ts'

type LazyActions = typeof import('./lazy-actions.ts')

let loaded: LazyActions | null = null

/** Runs code of lazy-actions.ts. Runs it synchronously once that is loaded, so that order is kept. */
export function runLazy(
  { boardStore, toasts }: AppState,
  run: (lazy: LazyActions) => unknown,
): void {
  if (loaded) return void run(loaded)
  import('./lazy-actions.ts').then(
    (lazy) => {
      loaded = lazy
      run(lazy)
    },
    () => tellMissingPart(boardStore, toasts),
  )
}
