import type { AppState } from '../app-state.ts'
import { hostWords } from '../words/host.ts'
import { type Action, offeredByRight } from './action.ts'
import { deletePictures, targetOf } from './pictures.ts'

export type HostActions = ReturnType<typeof hostActions>

/** Creates the actions by which owners keep their board in order. The overlay brings them, as no first drop needs them. */
export function hostActions(app: AppState) {
  const { boardStore, panels } = app
  return offeredByRight(app, {
    deleteAllByGuest: {
      group: 'pictures',
      get label() {
        const guest = guestTargeted(app)
        if (guest === null) return hostWords.deleteAllByGuest
        return hostWords.deleteAllBy(nameOfGuest(app, guest), picturesBy(app, guest).length)
      },
      icon: 'userX',
      keys: ['shift+x'],
      needs: 'board.govern',
      /** Where these are all that they have, Delete does the same. */
      isPossible() {
        const guest = guestTargeted(app)
        return guest !== null && picturesBy(app, guest).length > targetOf(app).length
      },
      run() {
        const guest = guestTargeted(app)
        if (guest !== null) deleteAllBy(app, guest)
      },
    },
    clearBoard: {
      group: 'board',
      label: hostWords.clearBoard,
      icon: 'eraser',
      keys: ['shift+c'],
      needs: 'board.govern',
      isPossible: () => boardStore.count() > 0,
      run: () => panels.open('clear'),
    },
  } satisfies Record<string, Action>)
}

/** Deletes everything that a guest has on the board, and offers to take that back. */
export function deleteAllBy(app: AppState, guest: string): void {
  const name = nameOfGuest(app, guest)
  deletePictures(app, picturesBy(app, guest), (n) => hostWords.deletedAllBy(name, n))
}

/** Returns the ids of the pictures on the board that somebody has added. */
export function picturesBy({ boardStore }: AppState, author: string): string[] {
  boardStore.revision()
  return [...boardStore.boxes.keys()].filter((id) => boardStore.get(id)?.author === author)
}

/** Returns a guest's name: as it stands on their latest picture, or as they gave it here. */
function nameOfGuest(app: AppState, author: string): string {
  const { boardStore } = app
  const latest = picturesBy(app, author).sort().at(-1)
  return boardStore.authorOf((latest && boardStore.get(latest)) || { author, by: '' })
}

/** Returns the author of the pictures that the action is about, if it is one person and not oneself. */
function guestTargeted(app: AppState): string | null {
  const { boardStore } = app
  boardStore.status()
  const [author, ...more] = new Set(targetOf(app).flatMap((id) => boardStore.get(id)?.author ?? []))
  const isGuest = author !== undefined && more.length === 0 && author !== boardStore.board.visitor
  return isGuest ? author : null
}
