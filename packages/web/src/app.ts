import { createContext, useContext } from 'solid-js'
import type { Actions } from './actions/actions.ts'
import type { AppState } from './app-state.ts'

/** Everything that the page's views share. */
export interface App extends AppState {
  readonly actions: Actions
}

export const AppContext = createContext<App>()

/** Returns the app of the page around this component. */
export function useApp(): App {
  const app = useContext(AppContext)
  if (!app) throw new Error('There is no app above this component')
  return app
}
