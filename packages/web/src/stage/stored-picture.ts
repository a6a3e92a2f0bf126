import type { ImageRecord } from '@wirephoto/board'
import { blobUrl } from '@wirephoto/client'
import {
  type Accessor,
  createComputed,
  createMemo,
  createSignal,
  onCleanup,
  untrack,
} from 'solid-js'
import { useApp } from '../app.ts'
import { liveTiles } from '../state/live-tiles.ts'
import { awaitsVariant, isPreviewEnough, sideFor } from '../state/resolution.ts'

/** A smaller picture shows no more than its blur, so it isn't loaded. */
const MIN_LOADED_CSS_PX = 12
/**
 * How long a picture's variant is awaited before its file is loaded instead: since it was stored, or since
 * the server last made any variant. While the preview has pixels enough, there is no end to it.
 */
const VARIANT_WAIT_MS = { withPreview: 60_000, withBlur: 30_000 }

/** Creates the signal of how many device pixels the longest side has on the screen; 0 before the first view. */
export function createScreenPixels(record: Accessor<ImageRecord | undefined>): Accessor<number> {
  const { camera } = useApp()
  return createMemo<number>(() => {
    const { w = 0, width = 1, height = 1 } = record() ?? {}
    const longest = w * Math.max(1, height / width)
    return Math.round(longest * camera.detail() * devicePixelRatio)
  })
}

/**
 * Creates the signal of the stored picture's URL: the smallest source with as many pixels as the screen has
 * for it. Larger ones are let go once the view is calm, so that a look around loads nothing twice. A picture
 * that came while this page looked on waits for that too, since more of them may still change the view.
 */
export function createStoredUrl(
  id: string,
  record: Accessor<ImageRecord | undefined>,
  isOwn: Accessor<boolean>,
  pixels: Accessor<number>,
): Accessor<string | null> {
  const { boardStore, camera } = useApp()
  const isNew = boardStore.hasComeLater(id)
  const [isInView, setInView] = createSignal(!isNew)
  // Its coming may move the view, which begins with the next frame.
  if (isNew) requestAnimationFrame(() => requestAnimationFrame(() => setInView(true)))
  const isAwaiting = createMemo(() => {
    const now = record()
    return Boolean(now?.blob && pixels() > 0 && !isOwn() && awaitsVariant(now, pixels()))
  })
  const isOverdue = createOverdue(id, record, pixels, isAwaiting)
  const source = createMemo<{ blob: string; side: number } | null>((last) => {
    const now = record()
    if (isOwn() || pixels() === 0 || !now?.blob || !blobUrl(boardStore.board, now)) return last
    if (last && liveTiles().has(id)) return last
    if (!last && pixels() < MIN_LOADED_CSS_PX * devicePixelRatio) return null
    if (isAwaiting() && !isOverdue()) return last
    const side = sideFor(now, pixels())
    if (last?.blob === now.blob && last.side === side) return last
    const canWait = last ? side < last.side : isNew
    return canWait && !(isInView() && camera.isCalm()) ? last : { blob: now.blob, side }
  }, null)
  return createMemo(() => {
    const chosen = source()
    const now = untrack(record)
    return chosen && now ? blobUrl(boardStore.board, now, chosen.side) : null
  })
}

/** Creates the signal of whether a variant has been awaited too long. */
function createOverdue(
  id: string,
  record: Accessor<ImageRecord | undefined>,
  pixels: Accessor<number>,
  isAwaiting: Accessor<boolean>,
): Accessor<boolean> {
  const { boardStore } = useApp()
  const preview = boardStore.preview(id)
  const [isOverdue, setOverdue] = createSignal(false)
  createComputed(() => {
    setOverdue(false)
    if (!isAwaiting()) return
    if (preview() && isPreviewEnough(untrack(record)!, pixels())) return
    const wait = preview() ? VARIANT_WAIT_MS.withPreview : VARIANT_WAIT_MS.withBlur
    const startedAt = performance.now()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = (): void => {
      const since = Math.max(startedAt, boardStore.lastVariantAt)
      const left = since + wait - performance.now()
      if (left <= 0) setOverdue(true)
      else timer = setTimeout(look, left)
    }
    look()
    onCleanup(() => clearTimeout(timer))
  })
  return isOverdue
}
