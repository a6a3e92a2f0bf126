import type { Board } from '@wirephoto/client'
import { type Accessor, createComputed, createMemo, createRoot, onCleanup, untrack } from 'solid-js'
import { useApp } from '../app.ts'
import { ArrivalSpeed } from '../state/arrival-speed.ts'
import { LiveReads } from '../state/live-reads.ts'
import { wantsLiveRead } from '../state/resolution.ts'

/* This chunk is loaded when the first file that can be read while it arrives does so. */

const liveReads = new WeakMap<Board, LiveReads>()

interface LiveLayerOptions {
  readonly id: string
  /** Device pixels of the longest side on the screen. */
  readonly pixels: Accessor<number>
  /** Whether the file is on its way, and isn't one's own. */
  readonly isArriving: Accessor<boolean>
  /** Shows the file from this URL. The returned function ends that. */
  readonly show: (url: string) => () => void
}

/**
 * Reads a picture's file while it arrives, wherever that is of use. Returns the function that gives the read
 * up.
 */
export function createLiveLayer({ id, pixels, isArriving, show }: LiveLayerOptions): () => void {
  const { boardStore, paintReporter } = useApp()
  const reads = liveReadsOf(boardStore.board)
  const arrival = boardStore.arrival(id)
  const speed = new ArrivalSpeed()
  // It never turns back: a read that was begun goes on to its end.
  const isSlow = createMemo<boolean>((was) => {
    const { sent = 0, total = null } = arrival() ?? {}
    return was || speed.isSlow(performance.now(), sent, total)
  }, false)
  const isWanted = createMemo<boolean>(
    () => isArriving() && isSlow() && wantsLiveRead(pixels()) && paintReporter.isInView(id),
  )
  createComputed(() => {
    if (!isWanted()) return
    reads.request(id)
    onCleanup(() => reads.release(id))
  })
  createComputed(() => {
    if (!reads.isReading(id)) return
    const end = show(reads.url(id))
    // A read that is broken off gives its connection back. One that has ended stays until it is covered.
    onCleanup(() => {
      if (untrack(isArriving)) end()
    })
  })
  return () => reads.release(id)
}

/** Returns the reads of a page. They last as long as the page. */
function liveReadsOf(board: Board): LiveReads {
  const known = liveReads.get(board)
  if (known) return known
  const made = createRoot(() => new LiveReads(board))
  liveReads.set(board, made)
  return made
}
