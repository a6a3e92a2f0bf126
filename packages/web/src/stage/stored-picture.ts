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
import { awaitsVariants, sideFor } from '../state/resolution.ts'

/** A smaller picture shows no more than its blur, so it isn't loaded. */
const MIN_LOADED_PX = 12
/** How long a picture's variants are awaited before its file is loaded instead. */
const VARIANTS_WAIT_MS = 2_000

/** Creates the signal of how many pixels the longest side has had on the screen, at most. */
export function createScreenPixels(record: Accessor<ImageRecord | undefined>): Accessor<number> {
  const { camera } = useApp()
  return createMemo<number>((most) => {
    const { w = 0, width = 1, height = 1 } = record() ?? {}
    const longest = w * Math.max(1, height / width)
    return Math.max(most, longest * camera.detail() * devicePixelRatio)
  }, 0)
}

/** Creates the signal of the stored picture's URL, in the size that the screen needs. It never shrinks. */
export function createStoredUrl(
  record: Accessor<ImageRecord | undefined>,
  own: Accessor<string | null>,
  pixels: Accessor<number>,
): Accessor<string | null> {
  const { boardStore, camera } = useApp()
  const isLargeEnough = createMemo<boolean>(
    (was) => was || (record()?.w ?? 0) * camera.level() >= MIN_LOADED_PX,
    false,
  )
  const [hasWaited, setWaited] = createSignal(false)
  createComputed(() => {
    if (!record()?.blob) return
    const timer = setTimeout(() => setWaited(true), VARIANTS_WAIT_MS)
    onCleanup(() => clearTimeout(timer))
  })
  const source = createMemo<{ blob: string; side: number } | null>((last) => {
    const now = record()
    if (own() || !isLargeEnough() || !now?.blob || !blobUrl(boardStore.board, now)) return last
    if (!last && !hasWaited() && awaitsVariants(now)) return null
    const side = sideFor(now, pixels())
    return last?.blob === now.blob && last.side >= side ? last : { blob: now.blob, side }
  }, null)
  return createMemo(() => {
    const chosen = source()
    const now = untrack(record)
    return chosen && now ? blobUrl(boardStore.board, now, chosen.side) : null
  })
}
