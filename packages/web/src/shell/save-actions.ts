import type { Action } from '../actions/action.ts'
import type { App } from '../app.ts'
import { canReadCanvas } from '../browser/canvas.ts'
import { inBackground } from '../browser/in-background.ts'
import { saveArchive } from '../state/archive-download.ts'
import { drawBoard, type Lettering } from '../state/board-picture.ts'
import { storedByLayer } from '../state/stored-by-layer.ts'
import { saveWords } from '../words/save.ts'
import { titleOf } from './board-name.ts'
import { printBoard } from './print-board.ts'

/** Time for which the browser may still read the file that it was given. */
const FILE_LIFETIME_MS = 60_000

/** Creates the ways to take a board home. The palette and the panel share them. */
export function saveActions(app: App) {
  const { boardStore, selection, toasts } = app
  const { board } = boardStore
  const hasPictures = (): boolean => boardStore.count() > 0
  const save = (saved: 'all' | 'chosen' | 'folder', ids: readonly string[] | null = null): void =>
    inBackground(saveArchive(board, toasts, saved, ids))
  return {
    all: {
      group: 'board',
      label: saveWords.all,
      icon: 'download',
      keys: [],
      isPossible: hasPictures,
      run: () => save('all'),
    },
    chosen: {
      group: 'board',
      get label() {
        return saveWords.chosen(selection.ids().size)
      },
      icon: 'download',
      keys: [],
      isPossible: () => selection.ids().size > 0,
      run: () => save('chosen', [...selection.ids()]),
    },
    folder: {
      group: 'board',
      label: saveWords.folder,
      icon: 'folder',
      keys: [],
      isPossible: hasPictures,
      run: () => save('folder'),
    },
    picture: {
      group: 'board',
      label: saveWords.picture,
      icon: 'images',
      keys: [],
      isPossible: hasPictures,
      run: () => inBackground(savePicture(app)),
    },
    print: {
      group: 'board',
      label: saveWords.print,
      icon: 'printer',
      keys: [],
      isPossible: hasPictures,
      run: () => inBackground(printBoard(boardStore)),
    },
  } satisfies Record<string, Action>
}

/** Draws the board, and hands it to the browser as a file. */
export async function savePicture(
  { boardStore, toasts }: Pick<App, 'boardStore' | 'toasts'>,
  onProgress: (drawn: number) => void = () => {},
): Promise<void> {
  const { board, extent } = boardStore
  if (!canReadCanvas()) return toasts.warn(saveWords.cannotDraw)
  if (!extent) return
  const ground = getComputedStyle(document.body).backgroundColor
  const lettering = await captionLettering()
  const pictures = storedByLayer(board)
  const drawn = await drawBoard({ board, pictures, extent, ground, lettering, onProgress })
  if (!drawn) return toasts.warn(saveWords.tooLarge)
  const href = URL.createObjectURL(drawn.file)
  const download = `${titleOf(boardStore)}.png`
  Object.assign(document.createElement('a'), { href, download }).click()
  setTimeout(() => URL.revokeObjectURL(href), FILE_LIFETIME_MS)
  if (drawn.missingCount > 0) toasts.warn(saveWords.notDrawn(drawn.missingCount))
  toasts.say(saveWords.drawn(drawn.width, drawn.height))
}

/** Returns how captions are written in today's look, once their font is here. */
async function captionLettering(): Promise<Lettering> {
  const probe = document.body.appendChild(document.createElement('span'))
  probe.style.cssText =
    'position: fixed; visibility: hidden; color: var(--ink-2); font: 12px var(--mono)'
  const { color: colour, fontFamily: family } = getComputedStyle(probe)
  const lettering = { colour, family }
  probe.remove()
  await document.fonts.load(`12px ${family}`).catch(() => {})
  return lettering
}
