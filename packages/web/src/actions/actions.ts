import type { AppState } from '../app-state.ts'
import { type Action, can, chordOf } from './action.ts'
import { arrangeActions } from './arrange.ts'
import { boardActions } from './board.ts'
import { pictureActions } from './pictures.ts'
import { viewActions } from './view.ts'

export type Actions = ReturnType<typeof createActions>

/** All that can be done, by id, in the order in which the sheet and the palette list it. */
export const createActions = (parts: AppState) => ({
  ...pictureActions(parts),
  ...arrangeActions(parts),
  ...viewActions(parts),
  ...boardActions(parts),
})

/** What is offered at pictures, of that what can be done now. */
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

/** Of that, what is offered beside what is selected, on one row of a phone. */
export const actionsFor = (actions: Actions): Action[] =>
  [
    actions.retry,
    actions.cancelSending,
    actions.openLarge,
    actions.caption,
    actions.download,
    actions.duplicate,
    actions.bringToFront,
    actions.delete,
  ].filter(can)

/** The one that was asked for by a key; where two have it, the one that can be done now. */
export function actionFor(actions: Actions, event: KeyboardEvent): Action | undefined {
  const chord = chordOf(event)
  const meant = Object.values<Action>(actions).filter(({ keys }) => keys.includes(chord))
  return meant.find(can) ?? meant[0]
}
