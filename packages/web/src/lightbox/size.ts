import type { ImageRecord } from '@wirephoto/board'
import type { Size } from '../geometry/view.ts'
import { prefersReducedMotion } from '../look/motion.ts'

/** How long a picture takes to grow from its tile, and to shrink back. */
const GROW_MS = 200

/** How far a picture is enlarged beyond its own pixels. */
const MAX_CSS_PX_PER_PIXEL = 2
/** A picture of this height, in its own widths, scrolls if it would fill less than this share of the frame. */
const TALL_FACTOR = { height: 3, frameShare: 0.5 }

interface FittedSize extends Size {
  /** The device pixels that the longest side needs. */
  readonly pixels: number
  /** Whether the picture has the frame's width, and is taller than the frame. */
  readonly scrolls: boolean
}

/** Returns a picture's size in a frame, in CSS pixels. */
export function fitted(
  { width, height, w }: Pick<ImageRecord, 'width' | 'height' | 'w'>,
  frame: Size,
): FittedSize {
  // A small picture is enlarged a little, or as far as it is on the board.
  const largest = Math.max(MAX_CSS_PX_PER_PIXEL, w / width)
  const across = Math.min(largest, frame.w / width)
  const whole = Math.min(across, frame.h / height)
  const isTall = height > width * TALL_FACTOR.height
  const scrolls = isTall && whole < across * TALL_FACTOR.frameShare
  const scale = scrolls ? across : whole
  const size = { w: Math.max(1, width * scale), h: Math.max(1, height * scale) }
  return { ...size, pixels: Math.max(size.w, size.h) * devicePixelRatio, scrolls }
}

/** Animates a picture from its tile, if the tile is on the screen. */
export function grow(picture: HTMLElement, id: string): void {
  const from = placeAt(picture, id)
  if (from) picture.animate([from, {}], { duration: GROW_MS, easing: 'cubic-bezier(.2,.8,.2,1)' })
}

/** Animates a picture back to its tile, or fades it out. Resolves when that has ended. */
export async function shrink(frame: HTMLElement, id: string | null): Promise<void> {
  if (prefersReducedMotion()) return
  const picture = frame.querySelector<HTMLElement>('[data-large]')
  const to = (id !== null && picture && placeAt(picture, id)) || { opacity: '0' }
  const timing = {
    duration: GROW_MS,
    easing: 'cubic-bezier(.2,.8,.2,1)',
    fill: 'forwards',
  } as const
  const dialog = frame.closest('dialog')!
  dialog.classList.add('leaving')
  await picture?.animate([{}, to], timing).finished.catch(() => {})
}

/** Returns the keyframe that puts a picture over its tile; null if motion is reduced or the tile is out of view. */
function placeAt(picture: HTMLElement, id: string): Keyframe | null {
  // The board lies behind the feed.
  const tile = (document.querySelector('.feed') ?? document)
    .querySelector(`[data-image="${id}"] .picture-image`)
    ?.getBoundingClientRect()
  if (!tile || prefersReducedMotion()) return null
  if (tile.right < 0 || tile.bottom < 0 || tile.left > innerWidth || tile.top > innerHeight)
    return null
  const now = picture.getBoundingClientRect()
  const dx = tile.x + tile.width / 2 - (now.x + now.width / 2)
  const dy = tile.y + tile.height / 2 - (now.y + now.height / 2)
  // Its own scale applies to this, too.
  const scale = now.width / picture.offsetWidth
  return {
    transform: `translate(${dx / scale}px, ${dy / scale}px) scale(${tile.width / now.width})`,
  }
}
