import type { Board } from '@wirephoto/client'

/**
 * Keeps the screen on while own pictures are being sent: a phone that locks cuts its connections. It needs a
 * browser that can, and an https page or localhost. Without a connection the screen may go off, since the
 * wait may be long. Returns a function that ends this.
 */
export function keepScreenOn(board: Board): () => void {
  const wakeLock = 'wakeLock' in navigator ? navigator.wakeLock : null
  if (!wakeLock) return () => {}
  let lock: WakeLockSentinel | null = null
  /** Whether the browser is being asked, or has refused since the page was last shown. */
  let isAsked = false
  let isEnded = false
  const isWanted = (): boolean =>
    !isEnded &&
    document.visibilityState === 'visible' &&
    board.status.connection === 'live' &&
    board.uploads.values().some(({ state }) => state !== 'failed')
  const review = (): void => {
    if (!isWanted()) {
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
  const unlisten = [board.on('uploads', review), board.on('status', review)]
  document.addEventListener('visibilitychange', onShown)
  review()
  return () => {
    isEnded = true
    for (const each of unlisten) each()
    document.removeEventListener('visibilitychange', onShown)
    review()
  }
}
