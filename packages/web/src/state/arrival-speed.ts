import type { Arrival } from '@wirephoto/client'
import { type Accessor, createMemo } from 'solid-js'

/** The time over which the speed of an upload is measured, at least and at most. */
const WINDOW_MS = { least: 700, most: 2_000 }
/** A file that comes sooner than this isn't worth a connection of its own. */
const MIN_LEFT_MS = 3_000

/** Creates the signal of whether the rest of a picture's file takes long. It never turns back. */
export function createSlowness(arrival: Accessor<Arrival | undefined>): Accessor<boolean> {
  const seen: { at: number; sent: number }[] = []
  return createMemo<boolean>((was) => {
    const { sent = 0, total = null } = arrival() ?? {}
    if (was || sent === 0) return was
    const now = performance.now()
    seen.push({ at: now, sent })
    while (seen[1] && seen[1].at <= now - WINDOW_MS.most) seen.shift()
    const [first] = seen
    const elapsed = now - first!.at
    if (elapsed < WINDOW_MS.least) return false
    if (total === null) return true
    return ((total - sent) * elapsed) / (sent - first!.sent) > MIN_LEFT_MS
  }, false)
}
