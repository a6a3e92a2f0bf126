import { type ImageRecord } from '@wirephoto/board'
import { type Accessor, createMemo } from 'solid-js'
import { words } from '../words/page.ts'
import type { BoardStore } from './board-store.ts'

/** A picture on its way in, as it is shown. */
export interface TransferState {
  readonly state: 'arriving' | 'waiting' | 'stalled' | 'retrying' | 'failed'
  /** What has been sent, from 0 to 1; null when that can't be told. */
  readonly share: number | null
  /** Who sends it; null for oneself. */
  readonly by: string | null
  /** Milliseconds since 1970, while `retrying`. */
  readonly retryAt: number
}

/**
 * How far a picture is: by what this page knows of its own upload, else by what the server tells of
 * everybody's. Null once it is stored.
 */
export function transferStateOf(
  boardStore: BoardStore,
  id: string,
  record: Accessor<ImageRecord | undefined>,
): Accessor<TransferState | null> {
  const upload = boardStore.upload(id)
  const arrival = boardStore.arrival(id)
  return createMemo<TransferState | null>((last) => {
    const own = upload()
    const told = arrival()
    if (own) {
      const isOffline = boardStore.status().connection === 'offline'
      const isStalled =
        own.state === 'sending'
          ? isOffline || (told?.state === 'stalled' && told.sent > 0)
          : own.state === 'waiting' && isOffline
      return {
        state: isStalled ? 'stalled' : own.state === 'sending' ? 'arriving' : own.state,
        // What the server has: the browser counts what it has buffered.
        share: own.total > 0 ? (told?.sent ?? 0) / own.total : 0,
        by: null,
        retryAt: own.retryAt ?? 0,
      }
    }
    const { blob = null, author = '' } = record() ?? {}
    if (blob !== null) return null
    const by = author === boardStore.board.visitor ? null : boardStore.nameOf(author) || words.guest
    const known = told ?? { state: 'arriving' as const, sent: 0, total: null }
    // While the line is down, the last that was known.
    const share = known.total ? known.sent / known.total : (last?.share ?? null)
    return { state: known.state, share, by, retryAt: told?.retryAt ?? 0 }
  }, null)
}
