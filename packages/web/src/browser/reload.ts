import { inBackground } from './in-background.ts'
import { MAIN_SCRIPT, pageBuild } from './page-build.ts'
import { tabData } from './site-data.ts'

/** The least time between two reloads that nobody asked for. */
const RELOAD_INTERVAL_MS = 60_000
/** How long after it gave no other build the server is asked again. */
const ASK_INTERVAL_MS = 10_000
const RELOADED_AT_KEY = 'reloaded'

/** Returns the build of the page that the server gives now; null if it gives none. */
async function servedBuild(): Promise<string | null> {
  try {
    const response = await fetch(location.pathname, { cache: 'no-store' })
    return MAIN_SCRIPT.exec(await response.text())?.[1] ?? null
  } catch {
    return null
  }
}

/**
 * Reloads the page when `isWanted` and the server gives another build of it, but at most once a minute.
 * Returns a function that looks whether it is time, to be called whenever it may be.
 */
export function createReload(isWanted: () => boolean): () => void {
  const reloadedAt = Number(tabData.get(RELOADED_AT_KEY)) || 0
  // Without storage the page's own age stands for the time since its last reload.
  const isKept = tabData.set(RELOADED_AT_KEY, String(reloadedAt))
  const since = isKept ? Math.max(0, Date.now() - reloadedAt) : performance.now()
  const reloadIfOld = async (): Promise<void> => {
    const build = await servedBuild()
    if (build === null || build === pageBuild() || !isWanted()) return
    nextAt = performance.now() + RELOAD_INTERVAL_MS
    tabData.set(RELOADED_AT_KEY, String(Date.now()))
    location.reload()
  }
  let nextAt = performance.now() + Math.max(0, RELOAD_INTERVAL_MS - since)
  return () => {
    if (performance.now() < nextAt || !isWanted()) return
    nextAt = performance.now() + ASK_INTERVAL_MS
    inBackground(reloadIfOld())
  }
}
