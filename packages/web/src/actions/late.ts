import { around } from '@wirephoto/board'
import type { AppState } from '../app-state.ts'
import { canReadClipboard } from '../state/clipboard.ts'
import { setFilmstripId } from '../state/filmstrip.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'
import { saveWords } from '../words/save.ts'
import { type Action, nameKey, offeredByRight } from './action.ts'
import { hostActions } from './host.ts'
import { targetOf } from './pictures.ts'
import { runLazy } from './run-lazy.ts'

const SCALE_STEP_FACTOR = 1.1

/** The key by which browsers paste. */
export const PASTE_KEY = 'mod+v'

export type LateActions = ReturnType<typeof lateActions>

/** Creates the actions that no first drop needs. They come with the overlay. */
export function lateActions(app: AppState) {
  const { boardStore, panels, drag } = app
  const changeable = (): string[] => targetOf(app, 'image.patch')
  const hasChangeable = (): boolean => changeable().length > 0
  const scale = (factor: number): void => {
    const box = around(changeable().flatMap((id) => boardStore.boxes.get(id) ?? []))
    if (!box) return
    drag.lift(changeable())
    drag.scaleBy(factor, { x: box.x + box.w / 2, y: box.y + box.h / 2 })
    drag.drop()
  }

  const { board } = boardStore
  /** The pictures whose file took the place of another one. */
  const replaced = (): string[] =>
    targetOf(app, 'image.revert').filter((id) => {
      const { replacedAt = null, slot = null } = boardStore.get(id) ?? {}
      // The next frame would take its place at once.
      return replacedAt !== null && slot === null
    })
  /** The tile of a live slot, if the action is about that alone. */
  const liveTile = (): string | undefined => {
    const [id, ...others] = targetOf(app)
    const isAlone = id !== undefined && others.length === 0
    return isAlone && (boardStore.get(id)?.slot ?? null) !== null ? id : undefined
  }
  return {
    ...offeredByRight(app, {
      sendToBack: {
        group: 'pictures',
        label: overlayWords.sendToBack,
        icon: 'sendToBack',
        keys: ['['],
        needs: 'image.add',
        isPossible: hasChangeable,
        run() {
          const ids = changeable()
          runLazy(app, (lazy) => lazy.sendToBack(app, ids))
        },
      },
      larger: {
        group: 'pictures',
        label: overlayWords.larger,
        icon: 'larger',
        keys: ['>'],
        needs: 'image.add',
        isPossible: hasChangeable,
        run: () => scale(SCALE_STEP_FACTOR),
      },
      smaller: {
        group: 'pictures',
        label: overlayWords.smaller,
        icon: 'smaller',
        keys: ['<'],
        needs: 'image.add',
        isPossible: hasChangeable,
        run: () => scale(1 / SCALE_STEP_FACTOR),
      },
      paste: {
        group: 'pictures',
        label: overlayWords.paste,
        icon: 'clipboardPaste',
        // The browser has the key: it hands a paste to the page without a question.
        keys: [],
        isOffered: () => canReadClipboard() && boardStore.mayAdd(),
        run: () => runLazy(app, (lazy) => lazy.paste(app, nameKey(PASTE_KEY))),
      },
      filmstrip: {
        group: 'pictures',
        label: overlayWords.filmstrip,
        icon: 'film',
        keys: ['shift+f'],
        isPossible: () => liveTile() !== undefined,
        run() {
          setFilmstripId(liveTile()!)
          panels.open('filmstrip')
        },
      },
      earlierFile: {
        group: 'pictures',
        label: overlayWords.earlierFile,
        icon: 'history',
        keys: ['shift+r'],
        needs: 'image.add',
        isPossible: () => replaced().length > 0,
        run: () => board.revert(replaced()),
      },
      save: {
        group: 'board',
        label: saveWords.board,
        icon: 'download',
        keys: ['shift+s'],
        run: () => panels.open('save'),
      },
      copyView: {
        group: 'view',
        label: overlayWords.copyView,
        icon: 'view',
        keys: ['shift+v'],
        run: () => runLazy(app, (lazy) => lazy.copyView(app)),
      },
      activity: {
        group: 'board',
        label: overlayWords.activity,
        icon: 'history',
        keys: ['shift+h'],
        needs: 'board.govern',
        run: () => panels.open('activity'),
      },
      toFrontBoard: {
        group: 'board',
        label: words.toFrontBoard,
        icon: 'house',
        keys: ['shift+b'],
        isOffered: () => board.id !== 'main',
        run: () => location.assign('/'),
      },
    } satisfies Record<string, Action>),
    ...hostActions(app),
  }
}
