import { createContext, useContext } from 'solid-js'
import type { Actions } from './actions/actions.ts'
import type { AppState } from './app-state.ts'

/** What every part of the page shares. */
export interface App extends AppState {
  readonly actions: Actions
}

export const AppContext = createContext<App>()

export function useApp(): App {
  const app = useContext(AppContext)
  if (!app) throw new Error('There is no app above this component')
  return app
}
