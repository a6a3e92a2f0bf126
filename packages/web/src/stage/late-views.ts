import { createSignal } from 'solid-js'

interface LateViews {
  readonly PictureInfo: typeof import('./picture-info.tsx').PictureInfo
  readonly Author: typeof import('./author.tsx').Author
  readonly FarCanvas: typeof import('./far-canvas.tsx').FarCanvas
}

/** Views among the pictures that a first drop does without. They come with the overlay's chunk. */
export const [lateViews, setLateViews] = createSignal<LateViews | null>(null)
