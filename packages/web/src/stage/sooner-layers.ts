import { type Board, largePreviewUrl } from '@wirephoto/client'
import { type Accessor, createComputed, createMemo, createRoot, onCleanup, untrack } from 'solid-js'
import { useApp } from '../app.ts'
import { ArrivalSpeed } from '../state/arrival-speed.ts'
import { LiveReads } from '../state/live-reads.ts'
import { wantsMoreThanPreview } from '../state/resolution.ts'
import type { Layer } from './picture-layers.ts'

/* This chunk is loaded when there is more to see of a picture on its way than its small preview. */

const liveReads = new WeakMap<Board, LiveReads>()

interface SoonerLayersOptions {
  readonly id: string
  /** Device pixels of the longest side on the screen. */
  readonly pixels: Accessor<number>
  /** Whether the file is on its way, and isn't one's own. */
  readonly isArriving: Accessor<boolean>
  /** Shows a layer. The returned function ends that. */
  readonly show: (layer: Layer) => () => void
}

/**
 * Shows more of a picture where its small preview has too few pixels: the large preview, or the file while it
 * arrives. Returns the function that gives the read of the file up.
 */
export function createSoonerLayers(options: SoonerLayersOptions): () => void {
  const { id, pixels, isArriving, show } = options
  const { boardStore, paintReporter } = useApp()
  const { board } = boardStore
  const reads = liveReadsOf(board)
  const arrival = boardStore.arrival(id)
  const speed = new ArrivalSpeed()
  const isTooSmall = createMemo<boolean>(
    () => isArriving() && wantsMoreThanPreview(pixels()) && paintReporter.isInView(id),
  )
  const isLarge = createMemo<boolean>((was) => was || (isTooSmall() && arrival()!.large), false)
  createComputed(() => {
    if (isLarge()) show({ url: largePreviewUrl(board, id), kind: 'preview' })
  })
  // It never turns back: a read that was begun goes on to its end.
  const isSlow = createMemo<boolean>((was) => {
    const { sent = 0, total = null, live = false } = arrival() ?? {}
    return was || (speed.isSlow(performance.now(), sent, total) && live)
  }, false)
  const isWanted = createMemo<boolean>(() => isTooSmall() && isSlow())
  createComputed(() => {
    if (!isWanted()) return
    reads.request(id)
    onCleanup(() => reads.release(id))
  })
  createComputed(() => {
    if (!reads.isReading(id)) return
    const end = show({ url: reads.url(id), kind: 'live' })
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
