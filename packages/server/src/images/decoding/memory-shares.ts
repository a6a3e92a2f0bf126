import { totalmem } from 'node:os'

/** The part of the machine's memory that decoders may use together, unless the operator says another. */
const MEMORY_FACTOR = 0.5
/** Jobs that may pass one that waits for a larger share. */
const MAX_PASSES_COUNT = 8

/** Returns half of the memory that this process may use: of its control group, or of the machine. */
export function defaultMemoryBytes(): number {
  const limit = process.constrainedMemory()
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return Math.floor(total * MEMORY_FACTOR)
}

/** A job's share, which it waits for and gives back. */
export interface MemoryShare {
  readonly granted: Promise<void>
  readonly release: () => void
}

interface Waiting {
  readonly bytes: number
  readonly grant: () => void
  passes: number
}

/**
 * The memory that all decoders of a server use together (E7). A job waits until the budgets of those that run
 * leave room for its own. A small job may pass a large one that waits, but not for ever.
 */
export class MemoryShares {
  readonly totalBytes: number
  #freeBytes: number
  readonly #waiting = new Set<Waiting>()

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes
    this.#freeBytes = totalBytes
  }

  /** Takes a share as soon as there is room. One that is larger than all takes all. */
  take(wanted: number): MemoryShare {
    const bytes = Math.min(wanted, this.totalBytes)
    const { promise: granted, resolve: grant } = Promise.withResolvers<void>()
    const waiting = { bytes, grant, passes: 0 }
    this.#waiting.add(waiting)
    this.#grant()
    let isOpen = true
    const release = () => {
      if (!isOpen) return
      isOpen = false
      if (!this.#waiting.delete(waiting)) this.#freeBytes += bytes
      this.#grant()
    }
    return { granted, release }
  }

  #grant(): void {
    const passed: Waiting[] = []
    for (const waiting of this.#waiting) {
      if (waiting.bytes <= this.#freeBytes) {
        this.#waiting.delete(waiting)
        this.#freeBytes -= waiting.bytes
        for (const each of passed) each.passes++
        waiting.grant()
      } else passed.push(waiting)
      if (passed.some(({ passes }) => passes >= MAX_PASSES_COUNT)) return
    }
  }
}
