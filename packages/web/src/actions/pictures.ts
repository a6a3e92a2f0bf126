import type { Verb } from '@wirephoto/board'
import type { AppState } from '../app-state.ts'
import { canRetry } from '../state/transfer-state.ts'
import { words } from '../words/page.ts'
import type { Action } from './action.ts'
import { runLazy } from './run-lazy.ts'

/** Creates the actions on pictures. */
export function pictureActions(app: AppState) {
  const { boardStore, selection, panels, toasts } = app
  const { board } = boardStore

  const target = (): string[] => targetOf(app)
  const hasTarget = (): boolean => target().length > 0
  const changeable = (): string[] => targetOf(app, 'image.patch')
  const removable = (): string[] => targetOf(app, 'image.remove')
  const sending = (): string[] => {
    boardStore.revision()
    return target().filter((id) => board.uploads.has(id))
  }
  const failed = (): string[] => sending().filter((id) => canRetry(board.uploads.get(id)!))

  return {
    openLarge: {
      group: 'pictures',
      label: words.openLarge,
      icon: 'expand',
      keys: ['enter'],
      isPossible: hasTarget,
      run() {
        const [first] = target()
        if (first) panels.enlarge(first)
      },
    },
    cancelSending: {
      group: 'pictures',
      get label() {
        return words.cancelSending(sending().length)
      },
      icon: 'x',
      keys: ['shift+delete', 'shift+backspace'],
      isPossible: () => sending().length > 0,
      /** Cancels for good. A deleted picture would finish its upload and lie in the trash. */
      run() {
        const ids = sending()
        for (const id of ids) boardStore.cancel(id)
        if (ids.length > 0) toasts.say(words.cancelled(ids.length))
      },
    },
    retry: {
      group: 'pictures',
      label: words.retry,
      icon: 'redo',
      keys: ['r'],
      isPossible: () => failed().length > 0,
      run() {
        for (const id of failed()) board.retry(id)
      },
    },
    download: {
      group: 'pictures',
      label: words.download,
      icon: 'download',
      keys: ['d'],
      isPossible: hasTarget,
      run() {
        const ids = target()
        runLazy(app, (lazy) => lazy.download(app, ids))
      },
    },
    showOnScreens: {
      group: 'pictures',
      label: words.showOnScreens,
      icon: 'screen',
      keys: ['w'],
      needs: 'board.show',
      isPossible: () => target().length === 1,
      run() {
        const [id] = target()
        if (id) runLazy(app, (lazy) => lazy.showOnScreens(app, id))
      },
    },
    bringToFront: {
      group: 'pictures',
      label: words.bringToFront,
      icon: 'bringToFront',
      keys: [']'],
      needs: 'image.add',
      isPossible: () => changeable().length > 0,
      run() {
        const ids = changeable()
        runLazy(app, (lazy) => lazy.bringToFront(app, ids))
      },
    },
    delete: {
      group: 'pictures',
      label: words.delete,
      icon: 'trash',
      keys: ['delete', 'backspace'],
      needs: 'image.add',
      isPossible: () => removable().length > 0,
      run: () => deletePictures(app, removable(), words.deleted),
    },
    selectAll: {
      group: 'pictures',
      label: words.selectAll,
      icon: 'selectAll',
      keys: ['mod+a'],
      isPossible: () => boardStore.count() > 0,
      run: () => selection.selectMany(boardStore.boxes.keys()),
    },
  } satisfies Record<string, Action>
}

/** Deletes pictures, says how many with this sentence, and offers to restore the same ones. */
export function deletePictures(
  { boardStore, toasts }: AppState,
  ids: readonly string[],
  sentence: (n: number) => string,
): void {
  const { board } = boardStore
  const known = ids.filter((id) => board.pictures.has(id))
  boardStore.remove(ids)
  if (known.length === 0) return
  toasts.say(sentence(known.length), {
    label: words.undo,
    run: () => board.restore(known),
    isPossible: () => {
      boardStore.revision()
      return known.some((id) => board.pictures.get(id)?.deletedAt)
    },
  })
}

/**
 * Returns the ids that an action is about: the enlarged picture, else the selected, else the focused one. With a
 * verb, only those to which one may do it.
 */
export function targetOf(app: AppState, verb?: Verb): string[] {
  const ids = pointedAt(app)
  return verb ? ids.filter((id) => app.boardStore.may(verb, id)) : ids
}

function pointedAt({ panels, selection }: AppState): string[] {
  const large = panels.large()
  if (large) return [large]
  if (selection.ids().size > 0) return [...selection.ids()]
  const active = selection.active()
  return active && selection.byKey() ? [active] : []
}
