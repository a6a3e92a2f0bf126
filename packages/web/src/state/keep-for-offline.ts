import type { Board } from '@wirephoto/client'
import { serverUrl } from '../browser/server-url.ts'
import { serviceWorkers } from '../browser/site-data.ts'

/** Time without a picture on its way, after which the page fetches its whole build. */
const QUIET_MS = 5_000
/** The longest time that this waits on a board where pictures always arrive. */
const MAX_WAIT_MS = 60_000

/**
 * Lets the page open without its server, where the browser allows it: on https pages and localhost. It waits for a
 * quiet moment, since the build's files would share the connection with pictures. Returns a function that ends this.
 */
export function keepForOffline(board: Board): () => void {
  const register = (): void => {
    end()
    // A browser that keeps nothing for sites refuses; the page works without it.
    serviceWorkers()
      ?.register(`${serverUrl}/service-worker.js`)
      .catch(() => {})
  }
  let quiet = setTimeout(register, QUIET_MS)
  const latest = setTimeout(register, MAX_WAIT_MS)
  const onPicture = (): void => {
    clearTimeout(quiet)
    quiet = setTimeout(register, QUIET_MS)
  }
  const unlisten = [board.on('arrivals', onPicture), board.on('uploads', onPicture)]
  const end = (): void => {
    clearTimeout(quiet)
    clearTimeout(latest)
    for (const each of unlisten) each()
  }
  return end
}
