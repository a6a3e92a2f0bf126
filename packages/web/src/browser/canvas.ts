export type Canvas = OffscreenCanvas | HTMLCanvasElement

/** Side of the canvas that is read back. */
const PROBE_SIDE_PX = 16
/** Browsers change single bits of a canvas against fingerprinting; nobody sees those. */
const UNSEEN_LEVELS_COUNT = 8

export function newCanvas(width: number, height: number): Canvas {
  if (typeof OffscreenCanvas === 'function') return new OffscreenCanvas(width, height)
  return Object.assign(document.createElement('canvas'), { width, height })
}

let noise: number | undefined

/** Returns whether this browser gives back what was drawn, as far as anybody sees. */
export const canReadCanvas = (): boolean => canvasNoise() <= UNSEEN_LEVELS_COUNT

/**
 * Returns how far a channel is from what was drawn when it is read back, at most: 0 to 255, or Infinity
 * without a canvas. Some browsers answer with noise against fingerprinting, as Firefox with
 * `privacy.resistFingerprinting`. Known pixels are read back once.
 */
export function canvasNoise(): number {
  noise ??= readNoise()
  return noise
}

function readNoise(): number {
  const context = newCanvas(PROBE_SIDE_PX, PROBE_SIDE_PX).getContext('2d', {
    willReadFrequently: true,
  }) as CanvasRenderingContext2D | null
  if (!context) return Number.POSITIVE_INFINITY
  const count = PROBE_SIDE_PX ** 2
  const drawn = Array.from({ length: count }, (_, i) => [i, 255 - i, (i * 7) % 256])
  for (const [i, [red, green, blue]] of drawn.entries()) {
    context.fillStyle = `rgb(${red} ${green} ${blue})`
    context.fillRect(i % PROBE_SIDE_PX, Math.floor(i / PROBE_SIDE_PX), 1, 1)
  }
  const { data } = context.getImageData(0, 0, PROBE_SIDE_PX, PROBE_SIDE_PX)
  const differences = drawn.flatMap((colour, i) =>
    colour.map((value, channel) => Math.abs(data[i * 4 + channel]! - value)),
  )
  return Math.max(...differences)
}
