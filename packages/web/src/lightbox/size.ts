import type { ImageRecord } from '@wirephoto/board'
import type { Size } from '../geometry/view.ts'
import { prefersReducedMotion } from '../look/motion.ts'

/** Milliseconds in which a picture grows from its tile, and goes back. */
const GROW = 200

/** CSS pixels for a pixel of the picture. */
const MOST = 2

/** How large a picture stands in a room, in CSS pixels, and how many pixels its longest side needs. */
export function fitted(
  { width, height, w }: Pick<ImageRecord, 'width' | 'height' | 'w'>,
  room: Size,
): Size & { pixels: number } {
  // Not much more than the picture has, except where it is shown so on the board.
  const largest = Math.max(MOST, w / width)
  const scale = Math.min(largest, room.w / width, room.h / height)
  const size = { w: Math.max(1, width * scale), h: Math.max(1, height * scale) }
  return { ...size, pixels: Math.max(size.w, size.h) * devicePixelRatio }
}

/** From its tile, where that is on the screen. */
export function grow(picture: HTMLElement, id: string): void {
  const from = placeAt(picture, id)
  if (from) picture.animate([from, {}], { duration: GROW, easing: 'cubic-bezier(.2,.8,.2,1)' })
}

/** Back to the tile, or just away. Resolves when it is gone. */
export async function shrink(frame: HTMLElement, id: string | null): Promise<void> {
  if (prefersReducedMotion()) return
  const picture = frame.querySelector<HTMLElement>('.large')
  const to = (id !== null && picture && placeAt(picture, id)) || { opacity: '0' }
  const timing = { duration: GROW, easing: 'cubic-bezier(.2,.8,.2,1)', fill: 'forwards' } as const
  const room = frame.closest('dialog')!
  room.classList.add('leaving')
  await picture?.animate([{}, to], timing).finished.catch(() => {})
}

/** What puts the picture where its tile is; null where motion is unwelcome, or there is no tile to see. */
function placeAt(picture: HTMLElement, id: string): Keyframe | null {
  const tile = document.querySelector(`[data-image="${id}"] .print`)?.getBoundingClientRect()
  if (!tile || prefersReducedMotion()) return null
  if (tile.right < 0 || tile.bottom < 0 || tile.left > innerWidth || tile.top > innerHeight)
    return null
  const now = picture.getBoundingClientRect()
  const dx = tile.x + tile.width / 2 - (now.x + now.width / 2)
  const dy = tile.y + tile.height / 2 - (now.y + now.height / 2)
  return { transform: `translate(${dx}px, ${dy}px) scale(${tile.width / now.width})` }
}
