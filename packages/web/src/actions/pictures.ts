import { words } from '@wirephoto/board'
import type { Parts } from '../app.ts'
import type { Action } from './action.ts'
import { does } from './does.ts'

const { ui } = words

/** What can be done with pictures: the one that is large, else the selected, else where the keyboard is. */
export function pictureActions(parts: Parts) {
  const { desk, selection, panels, toasts } = parts
  const { board } = desk

  const meant = (): string[] => meantBy(parts)
  const some = (): boolean => meant().length > 0
  const sending = (): string[] => {
    desk.ticks()
    return meant().filter((id) => board.uploads.has(id))
  }
  const failed = (): string[] => sending().filter((id) => board.uploads.get(id)?.state === 'failed')

  const openWall = { label: ui.openWall, run: () => void window.open(`/b/${board.id}/show`) }

  return {
    openLarge: {
      group: 'pictures',
      label: ui.openLarge,
      icon: 'expand',
      keys: ['enter'],
      isPossible: some,
      run() {
        const [first] = meant()
        if (first) panels.enlarge(first)
      },
    },
    cancelSending: {
      group: 'pictures',
      get label() {
        return ui.cancelSending(sending().length)
      },
      icon: 'x',
      keys: ['shift+delete', 'shift+backspace'],
      isPossible: () => sending().length > 0,
      /** For good; what is deleted instead goes on into the trash. */
      run() {
        const ids = sending()
        for (const id of ids) desk.cancel(id)
        if (ids.length > 0) toasts.say(ui.cancelled(ids.length))
      },
    },
    retry: {
      group: 'pictures',
      label: ui.retry,
      icon: 'redo',
      keys: ['r'],
      isPossible: () => failed().length > 0,
      run() {
        for (const id of failed()) board.retry(id)
      },
    },
    download: {
      group: 'pictures',
      label: ui.download,
      icon: 'download',
      keys: ['d'],
      isPossible: some,
      run() {
        const ids = meant()
        does(parts, (deeds) => deeds.download(parts, ids))
      },
    },
    showOnScreens: {
      group: 'pictures',
      label: ui.showOnScreens,
      icon: 'screen',
      keys: ['w'],
      isPossible: () => meant().length === 1,
      run() {
        const [id] = meant()
        if (!id) return
        if (board.show(id)) toasts.say(ui.shownOnScreens, openWall)
        else toasts.warn(ui.needsConnection)
      },
    },
    bringToFront: {
      group: 'pictures',
      label: ui.bringToFront,
      icon: 'bringToFront',
      keys: [']'],
      isPossible: some,
      run() {
        const ids = meant()
        does(parts, (deeds) => deeds.bringToFront(parts, ids))
      },
    },
    delete: {
      group: 'pictures',
      label: ui.delete,
      icon: 'trash',
      keys: ['delete', 'backspace'],
      isPossible: some,
      /** Offers to put those same ones back. */
      run() {
        const ids = meant()
        const known = ids.filter((id) => board.pictures.has(id))
        desk.remove(ids)
        if (known.length === 0) return
        toasts.say(ui.deleted(known.length), { label: ui.undo, run: () => board.restore(known) })
      },
    },
    selectAll: {
      group: 'pictures',
      label: ui.selectAll,
      icon: 'selectAll',
      keys: ['mod+a'],
      isPossible: () => desk.count() > 0,
      run: () => selection.all(desk.boxes.keys()),
    },
  } satisfies Record<string, Action>
}

/** The pictures that an action is about. */
export function meantBy({ panels, selection }: Parts): string[] {
  const large = panels.large()
  if (large) return [large]
  if (selection.ids().size > 0) return [...selection.ids()]
  const active = selection.active()
  return active && selection.byKey() ? [active] : []
}
