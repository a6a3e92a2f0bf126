import type { AppState } from '../app-state.ts'
import { inBackground } from '../browser/in-background.ts'
import { tellMissingPart } from '../state/missing-part.ts'

type LazyActions = typeof import('./lazy-actions.ts')

let loaded: LazyActions | null = null

/** Runs code of lazy-actions.ts. Runs it synchronously once that is loaded, so that order is kept. */
export function runLazy(
  { boardStore, toasts }: AppState,
  run: (lazy: LazyActions) => void | Promise<void>,
): void {
  const start = (lazy: LazyActions): void => {
    const done = run(lazy)
    if (done) inBackground(done)
  }
  if (loaded) return start(loaded)
  import('./lazy-actions.ts').then(
    (lazy) => {
      loaded = lazy
      start(lazy)
    },
    () => tellMissingPart(boardStore, toasts),
  )
}
