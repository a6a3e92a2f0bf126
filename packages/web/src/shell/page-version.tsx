import { createEffect, onCleanup } from 'solid-js'
import { type App, useApp } from '../app.ts'
import { createReload } from '../browser/reload.ts'
import { isOldPage } from '../state/missing-part.ts'
import { overlayWords } from '../words/overlay.ts'
import { words } from '../words/page.ts'

/** How long nobody has touched a page that reloads by itself while it is in view. */
const UNTOUCHED_MS = 60_000
const LOOK_INTERVAL_MS = 2_000
const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'dragover', 'paste'] as const

/**
 * Keeps the page as new as its server. Where nothing is lost by it, the page reloads by itself: hidden, or
 * untouched for a minute. Else it says that there is a new version.
 */
export function PageVersion(): null {
  const app = useApp()
  const { boardStore, toasts } = app
  let touchedAt = performance.now()
  let isOld = false
  const touched = (): void => {
    touchedAt = performance.now()
  }
  const isUntouched = (): boolean =>
    document.visibilityState === 'hidden' || performance.now() - touchedAt > UNTOUCHED_MS
  const reload = createReload(() => isUntouched() && losesNothing(app))
  createEffect(() => {
    const { connection, refused } = boardStore.status()
    if (refused?.code === 'old-page') isOld = true
    else if (connection === 'live' && isOldPage(boardStore) && !isOld) {
      isOld = true
      toasts.insist(overlayWords.newVersion, {
        label: words.reload,
        run: () => location.reload(),
      })
    }
  })
  const timer = setInterval(() => {
    if (isOld) reload()
  }, LOOK_INTERVAL_MS)
  for (const touch of TOUCHES) addEventListener(touch, touched, { passive: true })
  onCleanup(() => {
    clearInterval(timer)
    for (const touch of TOUCHES) removeEventListener(touch, touched)
  })
  return null
}

/** Returns whether a reload would cost nothing: everything is sent or kept, and nothing is open or undone. */
function losesNothing({ boardStore: { board }, panels, menus, captionEditing }: App): boolean {
  const isBusy = panels.now() ?? menus.now() ?? captionEditing.now()
  const isRefused = board.status.refused !== null
  const isSent = isRefused || (board.status.unsent === 0 && board.uploads.size === 0)
  const hasSteps = !isRefused && (board.canUndo || board.canRedo)
  return isSent && !board.losesUnsent && isBusy === null && !hasSteps && !isTyping()
}

const isTyping = (): boolean => document.activeElement?.matches('input, textarea') ?? false
