import type { AppState } from '../app-state.ts'
import { type Action, can, chordOf, isOffered, offeredByRight } from './action.ts'
import { arrangeActions } from './arrange.ts'
import { boardActions } from './board.ts'
import { editActions } from './edit.ts'
import type { LateActions } from './late.ts'
import { pageActions } from './page.ts'
import { pictureActions } from './pictures.ts'
import { viewActions } from './view.ts'

/** All actions by id. Some come with the overlay. */
export type Actions = ReturnType<typeof createActions> & Partial<LateActions>

/** Creates the actions of a first drop by id, in the order of the key sheet and the palette. */
export const createActions = (app: AppState) =>
  offeredByRight(app, {
    ...pictureActions(app),
    ...arrangeActions(app),
    ...viewActions(app),
    ...editActions(app),
    ...boardActions(app),
    ...pageActions(app),
  })

/** Returns the action of a pressed key. If two share the key, returns the one that is possible now. */
export function actionFor(actions: Actions, event: KeyboardEvent): Action | undefined {
  const chord = chordOf(event)
  const matching = Object.values<Action>(actions).filter(({ keys }) => keys.includes(chord))
  return matching.find(can) ?? matching.find(isOffered)
}
