import type { Board } from '@wirephoto/client'
import { serverUrl } from '../browser/server-url.ts'
import { serviceWorkers } from '../browser/site-data.ts'

/** A registration where the browser knows Background Sync. */
interface Syncing {
  readonly sync?: { register(tag: string): Promise<void> }
}

/**
 * Has the browser send what is kept once it is online, should no page be open then. Returns a function that ends this.
 * A browser without Background Sync sends when a page is opened again.
 */
export function sendLater(board: Board): () => void {
  let isAsked = false
  const ask = (): void => {
    const { connection, unsent } = board.status
    if (connection === 'live') isAsked = false
    if (connection !== 'offline' || isAsked || (unsent === 0 && board.uploads.size === 0)) return
    isAsked = true
    serviceWorkers()
      ?.getRegistration(`${serverUrl}/`)
      .then((registration) => (registration as Syncing | undefined)?.sync?.register('send'))
      // People may forbid it.
      .catch(() => {})
  }
  const ends = [board.on('status', ask), board.on('uploads', ask)]
  return () => {
    for (const end of ends) end()
  }
}
