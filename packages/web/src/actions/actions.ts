import type { AppState } from '../app-state.ts'
import { type Action, can, chordOf, isOffered } from './action.ts'
import { arrangeActions } from './arrange.ts'
import { boardActions } from './board.ts'
import { editActions } from './edit.ts'
import { pageActions } from './page.ts'
import { pictureActions } from './pictures.ts'
import { viewActions } from './view.ts'

export type Actions = ReturnType<typeof createActions>

/** Creates all actions by id, in the order of the key sheet and the palette. */
export function createActions(app: AppState) {
  const actions = {
    ...pictureActions(app),
    ...arrangeActions(app),
    ...viewActions(app),
    ...editActions(app),
    ...boardActions(app),
    ...pageActions(app),
  }
  for (const action of Object.values<Action>(actions)) {
    const { needs } = action
    if (needs) action.isOffered = () => app.boardStore.may(needs)
  }
  return actions
}

/** Returns the actions of a picture's context menu that are possible now. */
export const contextMenuFor = (actions: Actions): Action[] =>
  [
    actions.retry,
    actions.cancelSending,
    actions.openLarge,
    actions.caption,
    actions.download,
    actions.copyPicture,
    actions.showOnScreens,
    actions.duplicate,
    actions.tidy,
    actions.bringToFront,
    actions.sendToBack,
    actions.delete,
  ].filter(can)

/** Returns the action of a pressed key. If two share the key, returns the one that is possible now. */
export function actionFor(actions: Actions, event: KeyboardEvent): Action | undefined {
  const chord = chordOf(event)
  const matching = Object.values<Action>(actions).filter(({ keys }) => keys.includes(chord))
  return matching.find(can) ?? matching.find(isOffered)
}
