import { serverUrl } from './server-url.ts'

/** How long after a failed load a picture is asked for again. The pause doubles each time. */
const RETRY_PAUSE_MS = { first: 1_000, max: 30_000 }

interface Retry {
  pauseMs: number
  /** Ends the pause; undefined while a try is under way. */
  timer: ReturnType<typeof setTimeout> | undefined
  readonly run: () => void
}

const retries = new Map<object, Retry>()

/** Runs `run` after a pause, or as soon as the page is back. Each further call for the same owner waits longer. */
export function retryLater(owner: object, run: () => void): void {
  const before = retries.get(owner)
  clearTimeout(before?.timer)
  const pauseMs = before ? Math.min(before.pauseMs * 2, RETRY_PAUSE_MS.max) : RETRY_PAUSE_MS.first
  const retry: Retry = { pauseMs, run, timer: setTimeout(() => begin(retry), pauseMs) }
  retries.set(owner, retry)
}

function begin(retry: Retry): void {
  clearTimeout(retry.timer)
  retry.timer = undefined
  retry.run()
}

/** Forgets what was to be tried again for an owner: it is there, or gone. */
export function forgetRetry(owner: object): void {
  clearTimeout(retries.get(owner)?.timer)
  retries.delete(owner)
}

/** Ends every pause, as the connection or the person is back. */
export function retryNow(): void {
  for (const retry of retries.values()) {
    if (retry.timer === undefined) continue
    retry.pauseMs = RETRY_PAUSE_MS.first / 2
    begin(retry)
  }
}

/**
 * Loads every image of the page again that failed, wherever it stands, until it is there. Its first answer may
 * have come from a server that was restarting, or from something between.
 */
export function keepImagesLoading(): void {
  const onError = ({ target: image }: Event): void => {
    if (!(image instanceof HTMLImageElement) || !image.src.startsWith(`${serverUrl}/b/`)) return
    const { src } = image
    retryLater(image, () => {
      // It may have left the page meanwhile, or show another picture.
      if (image.isConnected && image.src === src) image.src = src
      else forgetRetry(image)
    })
  }
  // These events don't bubble, but they can be captured.
  addEventListener('error', onError, true)
  addEventListener('load', ({ target }) => target && forgetRetry(target), true)
  for (const event of ['online', 'focus', 'pageshow']) addEventListener(event, retryNow)
  document.addEventListener('visibilitychange', retryNow)
}
