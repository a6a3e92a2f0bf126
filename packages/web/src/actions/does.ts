import { words } from '@wirephoto/board'
import type { Parts } from '../app.ts'

type Deeds = typeof import('./lazy-actions.ts')

let loaded: Deeds | null = null

/** Does what comes after the board: at once when it is here, so that what is asked for next follows. */
export function does({ toasts }: Parts, what: (deeds: Deeds) => unknown): void {
  if (loaded) return void what(loaded)
  import('./lazy-actions.ts').then(
    (deeds) => {
      loaded = deeds
      what(deeds)
    },
    () => toasts.warn(words.ui.needsConnection),
  )
}
