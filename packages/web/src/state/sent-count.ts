import type { Board } from '@wirephoto/client'
import { createSignal, onCleanup } from 'solid-js'

/** Fewer pictures need no count: each has its own line. */
const MIN_COUNT = 4

interface SentCount {
  readonly stored: number
  readonly all: number
}

const [counts, setCounts] = createSignal<SentCount | null>(null)

/** How many of a drop of many are stored; null while there is none. The board and the feed show it. */
export const sentCount = counts

/** Counts the pictures of each drop as they are stored, for as long as the component that calls this. */
export function followSentCount(board: Board): void {
  const batch = new Set<string>()
  const count = (): void => {
    const isOnItsWay = board.uploads.values().some(({ state }) => state !== 'failed')
    if (!isOnItsWay) batch.clear()
    else for (const id of board.uploads.keys()) batch.add(id)
    let stored = 0
    for (const id of batch) {
      if (board.uploads.has(id)) continue
      // One that was given up is counted no more.
      if (board.pictures.get(id)?.blob) stored++
      else batch.delete(id)
    }
    setCounts(batch.size >= MIN_COUNT ? { stored, all: batch.size } : null)
  }
  onCleanup(board.on('uploads', count))
  onCleanup(() => setCounts(null))
  count()
}
