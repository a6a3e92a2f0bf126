import type { Parts } from '../app.ts'
import { type Action, can, chordOf } from './action.ts'
import { boardActions } from './board.ts'
import { pictureActions } from './pictures.ts'
import { viewActions } from './view.ts'

export type Actions = ReturnType<typeof createActions>

/** All that can be done, by id, in the order in which the sheet and the palette list it. */
export const createActions = (parts: Parts) => ({
  ...pictureActions(parts),
  ...viewActions(parts),
  ...boardActions(parts),
})

/** What is offered at pictures, of that what can be done now. */
export const atPictures = (actions: Actions): Action[] =>
  [
    actions.cancelSending,
    actions.openLarge,
    actions.download,
    actions.showOnScreens,
    actions.bringToFront,
    actions.delete,
  ].filter(can)

/** The one that was asked for by a key. */
export function actionFor(actions: Actions, event: KeyboardEvent): Action | undefined {
  const chord = chordOf(event)
  return Object.values<Action>(actions).find(({ keys }) => keys.includes(chord))
}
