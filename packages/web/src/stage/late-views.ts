import { createSignal } from 'solid-js'

interface LateViews {
  readonly TileDetails: typeof import('./tile-details.tsx').TileDetails
  readonly describe: typeof import('./seen-by.ts').describe
  readonly Marquee: typeof import('./marquee.tsx').Marquee
  readonly MarqueeBox: typeof import('./marquee.tsx').MarqueeBox
  readonly FarCanvas: typeof import('./far-canvas.tsx').FarCanvas
}

/** The parts of the stage that a first drop does without. They come with the overlay's chunk. */
export const [lateViews, setLateViews] = createSignal<LateViews | null>(null)
