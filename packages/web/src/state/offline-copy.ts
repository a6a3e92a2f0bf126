import { type Board, snapshotUrl } from '@wirephoto/client'
import { serviceWorkers } from '../browser/site-data.ts'

/** The cache that the service worker (`offline/service-worker.ts`) reads. */
const CACHE = 'wirephoto-snapshots'
const KEPT_BOARDS_COUNT = 8
/** Larger boards aren't copied: that would take longer than a frame, again and again. */
const COPIED_PICTURES_COUNT = 8_000
const COPY_BYTES = 4_000_000
/** Time between two copies while the board changes. */
const COPY_INTERVAL_MS = 3_000
/** Time after which the page fetches its whole build: by then a first drop is under way. */
const REGISTER_DELAY_MS = 5_000

/**
 * Keeps a copy of a board, and lets the page open without its server, where the browser allows it: on https
 * pages and localhost. Returns a function that ends this.
 */
export function keepOfflineCopy(board: Board): () => void {
  const workers = serviceWorkers()
  if (!workers) return () => {}
  let isChanged = true
  const registering = setTimeout(() => {
    // A browser that keeps nothing for sites refuses; the board works without it.
    workers.register('/service-worker.js').then(copy, () => {})
  }, REGISTER_DELAY_MS)
  const copy = (): void => {
    if (!isChanged || board.status.refused || board.pictures.size > COPIED_PICTURES_COUNT) return
    const { snapshot } = board
    if (!snapshot) return
    isChanged = false
    keep(snapshotUrl(board), JSON.stringify(snapshot)).catch(() => {})
  }
  const change = (): void => {
    isChanged = true
  }
  const timer = setInterval(copy, COPY_INTERVAL_MS)
  const listening = new AbortController()
  addEventListener('pagehide', copy, listening)
  document.addEventListener('visibilitychange', copy, listening)
  const offs = [
    board.on('pictures', change),
    board.on('settings', change),
    board.on('status', ({ refused }) => {
      if (refused && refused.code !== 'old-page') forget(snapshotUrl(board)).catch(() => {})
    }),
  ]
  return () => {
    clearTimeout(registering)
    clearInterval(timer)
    listening.abort()
    for (const off of offs) off()
  }
}

/** Keeps a copy, in place of the oldest one if there are many. */
async function keep(url: string, text: string): Promise<void> {
  if (text.length > COPY_BYTES) return forget(url)
  const cache = await caches.open(CACHE)
  // It goes to the end of the list, also where there was one. A page that closes has time for one call.
  await cache.put(url, new Response(text, { headers: { 'content-type': 'application/json' } }))
  const all = await cache.keys()
  for (const oldest of all.slice(0, -KEPT_BOARDS_COUNT)) await cache.delete(oldest)
}

async function forget(url: string): Promise<void> {
  await (await caches.open(CACHE)).delete(url)
}
