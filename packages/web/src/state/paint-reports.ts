import { createEffect, onCleanup } from 'solid-js'
import { overlaps } from '../geometry/box.ts'
import { viewBox } from '../geometry/view.ts'
import type { BoardStore } from './board-store.ts'
import type { Camera } from './camera.ts'

/** Tells the senders of new pictures when those are painted here: within view, on a visible tab. */
export class PaintReporter {
  readonly #boardStore: BoardStore
  readonly #camera: Camera
  /** Painted, but nobody has been told. */
  readonly #painted = new Set<string>()
  #frame = 0

  constructor(boardStore: BoardStore, camera: Camera) {
    this.#boardStore = boardStore
    this.#camera = camera
    const look = (): void => this.#schedule()
    createEffect(() => {
      camera.view()
      boardStore.revision()
      boardStore.status()
      look()
    })
    document.addEventListener('visibilitychange', look)
    onCleanup(() => {
      document.removeEventListener('visibilitychange', look)
      cancelAnimationFrame(this.#frame)
    })
  }

  /** Its pixels are decoded and will be in the next frame. */
  markPainted(id: string): void {
    this.#painted.add(id)
    this.#schedule()
  }

  /** It isn't drawn any more. */
  forget(id: string): void {
    this.#painted.delete(id)
  }

  /** Whether a picture stands within the visible part of the page. */
  isInView(id: string): boolean {
    const box = this.#boardStore.boxes.get(id)
    return box !== undefined && overlaps(box, viewBox(this.#camera.now, this.#camera.size()))
  }

  #schedule(): void {
    if (this.#painted.size > 0) this.#frame ||= requestAnimationFrame(() => this.#report())
  }

  #report(): void {
    this.#frame = 0
    if (document.visibilityState === 'hidden') return
    if (this.#boardStore.status().connection !== 'live') return
    const ids = [...this.#painted].filter((id) => this.isInView(id))
    for (const id of ids) this.#painted.delete(id)
    // The frame that has them comes after this callback.
    if (ids.length > 0) requestAnimationFrame(() => this.#boardStore.board.reportSeen(ids))
  }
}
