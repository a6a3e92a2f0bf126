import type { BoardRecord } from '@wirephoto/board'
import type { AppState } from '../app-state.ts'
import { waiting } from '../state/waiting-pictures.ts'
import { hostWords } from '../words/host.ts'
import { words } from '../words/page.ts'
import { type Action, offeredByRight } from './action.ts'
import { targetOf } from './pictures.ts'

/** Creates the actions by which owners keep their board in order. The overlay brings them, as no first drop needs them. */
export function hostActions(app: AppState) {
  const { boardStore, panels } = app
  const adding = (): Adding => boardStore.settings().adding
  return offeredByRight(app, {
    deleteAllByGuest: {
      group: 'pictures',
      get label() {
        const guest = guestTargeted(app)
        if (guest === null) return hostWords.deleteAllByGuest
        return hostWords.deleteAllBy(nameOfGuest(app, guest), countBy(app, guest))
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
    waitingPictures: {
      group: 'board',
      label: hostWords.waitingPictures,
      icon: 'inbox',
      keys: ['q'],
      needs: 'board.govern',
      run: () => panels.open('waiting'),
    },
    pauseAdding: {
      group: 'board',
      get label() {
        return adding() === 'paused' ? hostWords.resumeAdding : hostWords.pauseAdding
      },
      icon: 'pause',
      keys: ['shift+p'],
      needs: 'board.govern',
      run: () => setAdding(app, adding() === 'paused' ? before : 'paused'),
    },
    holdPictures: {
      group: 'board',
      get label() {
        return adding() === 'held' ? hostWords.letCome : hostWords.haveWait
      },
      icon: 'inbox',
      keys: ['shift+q'],
      needs: 'board.govern',
      run: () => setAdding(app, adding() === 'held' ? 'open' : 'held'),
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

type Adding = BoardRecord['adding']

/** How guests added before adding was paused here. */
let before: Adding = 'open'

/** Sets what becomes of the pictures of guests, and says so. */
export function setAdding({ boardStore, toasts }: AppState, adding: Adding): void {
  const now = boardStore.settings().adding
  if (now !== 'paused') before = now
  boardStore.board.set({ adding })
  toasts.say(hostWords.addingIs[adding])
}

/** Deletes everything that a guest has on the board, and offers to take that back. */
export function deleteAllBy(app: AppState, guest: string): void {
  const name = nameOfGuest(app, guest)
  const { boardStore, toasts } = app
  const { board } = boardStore
  const onBoard = picturesBy(app, guest)
  const held = waitingBy(guest)
  boardStore.remove(onBoard)
  waiting()?.refuse(held)
  toasts.say(hostWords.deletedAllBy(name, onBoard.length + held.length), {
    label: words.undo,
    run() {
      board.restore(onBoard)
      waiting()?.takeBack(held)
    },
    isPossible() {
      boardStore.revision()
      const isTrashed = onBoard.some((id) => board.pictures.get(id)?.deletedAt)
      return isTrashed || (waiting()?.canTakeBack(held) ?? false)
    },
  })
}

/** Returns the number of pictures that somebody has on the board, and that wait beside it. */
export const countBy = (app: AppState, author: string): number =>
  picturesBy(app, author).length + waitingBy(author).length

/** Returns the ids of somebody's pictures that wait. */
const waitingBy = (author: string): string[] =>
  (waiting()?.pictures() ?? []).filter((image) => image.author === author).map(({ id }) => id)

/** Returns the ids of the pictures on the board that somebody has added. */
function picturesBy({ boardStore }: AppState, author: string): string[] {
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
