import { type ImageRecord, isRetryable } from '@wirephoto/board'
import type { Arrival, OwnUpload } from '@wirephoto/client'
import { type Accessor, createMemo } from 'solid-js'
import { words } from '../words/page.ts'
import type { BoardStore } from './board-store.ts'
import { isOnline } from './online.ts'

/** The state of a picture's upload, as the page shows it. */
export interface TransferState {
  readonly state: 'arriving' | 'waiting' | 'stalled' | 'retrying' | 'failed'
  /** The share that the server has, from 0 to 1; null if the total is unknown. */
  readonly share: number | null
  /** The sender's name; null if this visitor sends it. */
  readonly by: string | null
  /** Whether the server is the cause of a stalled one, and not this browser's network. */
  readonly waitsForServer: boolean
  /** When the next try begins, in milliseconds since 1970, while `retrying`. */
  readonly retryAt: number
  /** Whether something between the sender and the server holds it up, as far as is known. */
  readonly isHeldUp?: boolean
}

/**
 * Returns the state of a picture's upload as a signal, null once it is stored. For one's own upload the
 * page knows it, for others' the server reports it.
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
    const reported = arrival()
    if (own) {
      const { connection, trouble } = boardStore.status()
      const isOffline = connection === 'offline' || trouble !== null
      const waitsForServer = isOffline && isOnline()
      const isStalled =
        own.state === 'sending'
          ? isOffline || (reported?.state === 'stalled' && reported.sent > 0)
          : own.state === 'waiting' && isOffline
      return {
        state: isStalled ? 'stalled' : own.state === 'sending' ? 'arriving' : own.state,
        // The server's count, as far as it is known: the browser's own counts bytes that are only buffered.
        share: reported && own.total > 0 ? reported.sent / own.total : (last?.share ?? 0),
        by: null,
        waitsForServer,
        retryAt: own.retryAt ?? 0,
        isHeldUp: own.obstacle === 'between',
      }
    }
    const { blob = null, author = '', by: name = '' } = record() ?? {}
    if (blob !== null) return null
    const isOwn = author === boardStore.board.visitor
    const by = isOwn ? null : boardStore.authorOf({ author, by: name }) || words.guest
    const { state, sent, total, retryAt } = reported ?? UNREPORTED
    // Without a connection, the last known share stays.
    return {
      state,
      share: total ? sent / total : (last?.share ?? null),
      by,
      waitsForServer: false,
      retryAt: retryAt ?? 0,
    }
  }, null)
}

/** Whether a failed upload may succeed if it is tried again. */
export const canRetry = ({ state, error }: OwnUpload): boolean =>
  state === 'failed' && isRetryable(error?.code)

const UNREPORTED: Arrival = { state: 'arriving', sent: 0, total: null, large: false, live: false }
