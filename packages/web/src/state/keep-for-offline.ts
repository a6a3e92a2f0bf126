import { serverUrl } from '../browser/server-url.ts'
import { serviceWorkers } from '../browser/site-data.ts'

/** Time after which the page fetches its whole build: by then a first drop is under way. */
const REGISTER_DELAY_MS = 5_000

/**
 * Lets the page open without its server, where the browser allows it: on https pages and localhost. Returns a
 * function that ends this.
 */
export function keepForOffline(): () => void {
  const timer = setTimeout(() => {
    // A browser that keeps nothing for sites refuses; the page works without it.
    serviceWorkers()
      ?.register(`${serverUrl}/service-worker.js`)
      .catch(() => {})
  }, REGISTER_DELAY_MS)
  return () => clearTimeout(timer)
}
