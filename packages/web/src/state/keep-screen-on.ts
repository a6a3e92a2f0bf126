import type { Board } from '@wirephoto/client'

/** A wish to keep the screen on. */
export interface ScreenLock {
  /** Looks again whether the screen is to stay on. */
  review(): void
  end(): void
}

/**
 * Keeps the screen on while `isWanted` and the page is seen. It needs a browser that can, and an https page or
 * localhost. A browser that refuses is asked again when the person comes back to the page.
 */
export function lockScreen(isWanted: () => boolean): ScreenLock {
  const wakeLock = 'wakeLock' in navigator ? navigator.wakeLock : null
  if (!wakeLock) return { review() {}, end() {} }
  let lock: WakeLockSentinel | null = null
  /** Whether the browser is being asked, or has refused since the page was last shown. */
  let isAsked = false
  let isEnded = false
  const review = (): void => {
    if (isEnded || document.visibilityState !== 'visible' || !isWanted()) {
      // One that the browser has ended, as the page was hidden, may be released again.
      lock?.release().catch(() => {})
      lock = null
      return
    }
    if (isAsked || (lock && !lock.released)) return
    isAsked = true
    wakeLock.request('screen').then(
      (taken) => {
        isAsked = false
        lock = taken
        review()
      },
      () => {
        // A phone with a low battery refuses: the person who comes back to the page may have plugged it in.
      },
    )
  }
  const onShown = (): void => {
    isAsked = false
    review()
  }
  document.addEventListener('visibilitychange', onShown)
  review()
  return {
    review,
    end() {
      isEnded = true
      document.removeEventListener('visibilitychange', onShown)
      review()
    },
  }
}

/**
 * Keeps the screen on while own pictures are being sent: a phone that locks cuts its connections. Without a
 * connection the screen may go off, since the wait may be long. Returns a function that ends this.
 */
export function keepScreenOn(board: Board): () => void {
  const lock = lockScreen(
    () =>
      board.status.connection === 'live' &&
      board.uploads.values().some(({ state }) => state !== 'failed'),
  )
  const unlisten = [board.on('uploads', lock.review), board.on('status', lock.review)]
  return () => {
    for (const each of unlisten) each()
    lock.end()
  }
}
