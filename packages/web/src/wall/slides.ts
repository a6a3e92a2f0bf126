import type { SlideOrder } from '../state/quiet-view.ts'

/** A slideshow's way through a board. It goes round for ever; each round of a shuffled one is another. */
export class Slides {
  #round = 0

  /** Returns the picture after the current one; null where there is no other. `ids` has the newest first. */
  after(order: SlideOrder, ids: readonly string[], current: string | null): string | null {
    const ordered = this.#ordered(order, ids)
    const at = current === null ? -1 : ordered.indexOf(current)
    const next = ordered[at + 1]
    if (next !== undefined) return next
    this.#round++
    return this.#ordered(order, ids).find((id) => id !== current) ?? null
  }

  #ordered(order: SlideOrder, ids: readonly string[]): readonly string[] {
    if (order === 'newest') return ids
    if (order === 'oldest') return ids.toReversed()
    const ranks = new Map(ids.map((id) => [id, rankOf(`${this.#round} ${id}`)]))
    return ids.toSorted((a, b) => ranks.get(a)! - ranks.get(b)!)
  }
}

/** Returns a number that stands for a text and seems random (FNV-1a, with a last mix). */
function rankOf(text: string): number {
  let hash = 0x811c9dc5
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return (hash ^ (hash >>> 16)) >>> 0
}
