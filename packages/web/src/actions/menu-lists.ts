import type { MenuItem, MenuName } from '../state/menus.ts'
import { type Action, can } from './action.ts'
import type { Actions } from './actions.ts'
import { PASTE_KEY } from './late.ts'

/** Returns what a menu lists. Some of it may not be possible now, except in the menu of pictures. */
export function menuItems(actions: Actions, name: MenuName): MenuItem[] {
  const list: (Action | undefined)[] = menus[name](actions)
  const items = list.filter((action) => action !== undefined)
  return name === 'pictures' ? items.filter(can) : items
}

const menus: Record<MenuName, (actions: Actions) => (Action | undefined)[]> = {
  board: (actions) => [
    actions.rename,
    actions.share,
    actions.copyLink,
    actions.copyView,
    actions.openWall,
    actions.boards,
    actions.newBoard,
    actions.toFrontBoard,
    actions.save,
    actions.trash,
    actions.activity,
    actions.waitingPictures,
    actions.pauseAdding,
    actions.clearBoard,
    actions.settings,
    actions.keySheet,
    actions.palette,
  ],
  ground: (actions) => [
    actions.choose,
    actions.paste && { ...actions.paste, keys: [PASTE_KEY] },
    actions.selectAll,
    actions.tidy,
    actions.fit,
    actions.undo,
    actions.redo,
    actions.share,
    actions.copyView,
    actions.keySheet,
  ],
  add: (actions) => [actions.takePhoto, actions.choose],
  more: (actions) => [
    actions.undo,
    actions.redo,
    actions.selectAll,
    actions.tidy,
    actions.copyLink,
    actions.copyView,
    actions.save,
    actions.trash,
    actions.activity,
    actions.waitingPictures,
    actions.pauseAdding,
    actions.clearBoard,
    actions.boards,
    actions.settings,
    actions.palette,
  ],
  pictures: (actions) => [
    actions.retry,
    actions.cancelSending,
    actions.openLarge,
    actions.filmstrip,
    actions.caption,
    actions.download,
    actions.copyPicture,
    actions.showOnScreens,
    actions.duplicate,
    actions.tidy,
    actions.bringToFront,
    actions.sendToBack,
    actions.earlierFile,
    actions.delete,
    actions.deleteAllByGuest,
  ],
}
