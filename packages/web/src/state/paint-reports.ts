import { overlaps } from '@wirephoto/board'
import { createEffect, onCleanup } from 'solid-js'
import { viewBox } from '../geometry/view.ts'
import type { BoardStore } from './board-store.ts'
import type { Camera } from './camera.ts'

/** Reports new pictures as seen once they are painted here: in view, on a visible tab. */
export class PaintReporter {
  readonly #boardStore: BoardStore
  readonly #camera: Camera
  /** Painted pictures that haven't been reported. */
  readonly #painted = new Set<string>()
  #frame = 0

  constructor(boardStore: BoardStore, camera: Camera) {
    this.#boardStore = boardStore
    this.#camera = camera
    const schedule = (): void => this.#schedule()
    createEffect(() => {
      camera.view()
      boardStore.revision()
      boardStore.status()
      schedule()
    })
    document.addEventListener('visibilitychange', schedule)
    onCleanup(() => {
      document.removeEventListener('visibilitychange', schedule)
      cancelAnimationFrame(this.#frame)
    })
  }

  /** Notes that a picture is decoded, so that the next frame will show it. */
  markPainted(id: string): void {
    this.#painted.add(id)
    this.#schedule()
  }

  /** Drops a picture that is no longer drawn. */
  forget(id: string): void {
    this.#painted.delete(id)
  }

  /** Whether a picture is within view. Not reactive. A feed that covers the board puts its own view in place. */
  isInView = (id: string): boolean => {
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
    // Animation callbacks run before their frame is painted.
    if (ids.length > 0) requestAnimationFrame(() => this.#boardStore.board.reportSeen(ids))
  }
}
