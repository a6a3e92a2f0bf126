export type Canvas = OffscreenCanvas | HTMLCanvasElement

/** Side of the canvas that is read back. */
const PROBE_SIDE_PX = 16
/** Browsers change single bits of a canvas against fingerprinting; nobody sees those. */
const UNSEEN_LEVELS_COUNT = 8

export function newCanvas(width: number, height: number): Canvas {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(width, height)
  return Object.assign(document.createElement('canvas'), { width, height })
}

let isTrue: boolean | undefined

/**
 * Returns whether this browser gives back what was drawn. Some answer with noise against fingerprinting, as
 * Firefox with `privacy.resistFingerprinting`. Known pixels are read back once.
 */
export function canReadCanvas(): boolean {
  isTrue ??= readsBack()
  return isTrue
}

function readsBack(): boolean {
  const context = newCanvas(PROBE_SIDE_PX, PROBE_SIDE_PX).getContext('2d', {
    willReadFrequently: true,
  }) as CanvasRenderingContext2D | null
  if (!context) return false
  const count = PROBE_SIDE_PX ** 2
  const drawn = Array.from({ length: count }, (_, i) => [i, 255 - i, (i * 7) % 256])
  for (const [i, [red, green, blue]] of drawn.entries()) {
    context.fillStyle = `rgb(${red} ${green} ${blue})`
    context.fillRect(i % PROBE_SIDE_PX, Math.floor(i / PROBE_SIDE_PX), 1, 1)
  }
  const { data } = context.getImageData(0, 0, PROBE_SIDE_PX, PROBE_SIDE_PX)
  return drawn.every((colour, i) =>
    colour.every(
      (value, channel) => Math.abs(data[i * 4 + channel]! - value) <= UNSEEN_LEVELS_COUNT,
    ),
  )
}
