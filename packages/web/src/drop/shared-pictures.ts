import { createEffect } from 'solid-js'
import { inBackground } from '../browser/in-background.ts'
import { serverPath } from '../browser/server-url.ts'
import { serviceWorkers } from '../browser/site-data.ts'
import { NOT_SHARED, SHARED, SharedFiles } from '../offline/shared-files.ts'
import { overlayWords } from '../words/overlay.ts'
import type { Drop } from './drop.ts'

/**
 * Adds the pictures that other programs have shared with the installed page: at once where they led here, on another
 * board when somebody says so. They are kept until they are on a board.
 */
export function takeSharedPictures(drop: Drop): void {
  if (!serviceWorkers()) return
  const { boardStore, toasts } = drop
  const shared = new SharedFiles(`${serverPath}/`)
  const { search } = location
  const isLedHere = search === SHARED
  if (search === NOT_SHARED) toasts.warn(overlayWords.notShared)
  if (isLedHere || search === NOT_SHARED)
    history.replaceState(null, '', location.pathname + location.hash)

  const take = async (): Promise<void> => {
    await shared.setLastBoard(boardStore.board.id)
    const files = await shared.list()
    if (files.length === 0) return
    const add = async (): Promise<void> => {
      await drop.add(files.map(({ file }) => file))
      await Promise.all(files.map(({ forget }) => forget()))
    }
    if (isLedHere) inBackground(add())
    else
      toasts.say(overlayWords.sharedWait(files.length), {
        label: overlayWords.addHere,
        run: () => inBackground(add()),
      })
  }
  createEffect<'told' | 'taken' | null>((before) => {
    if (before === 'taken' || !boardStore.status().loaded) return before
    if (boardStore.mayAdd()) {
      // Its storage may fail; then nothing was shared.
      take().catch(() => {})
      return 'taken'
    }
    if (isLedHere && before === null) toasts.warn(boardStore.whyNoAdding())
    return 'told'
  }, null)
}
