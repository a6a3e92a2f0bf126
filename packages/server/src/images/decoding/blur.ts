import type { Pixels } from './pixels.ts'

/** Waves a side that a thumbhash has at most. */
const WAVE_COUNT = 7
/** Those of a colour, and of alpha. */
const COLOUR_WAVE_COUNT = 3
const ALPHA_WAVE_COUNT = 5
/** Colours are made stronger by this, as the format says. */
const SATURATION_FACTOR = 1.25
/** A larger blur shows no more. */
export const MAX_BLUR_SIDE_PX = 32

/** Cosines of each wave at each pixel, by the number of pixels. */
const tables = Array.from({ length: MAX_BLUR_SIDE_PX + 1 }, (_, size) => {
  const table = new Float64Array(size * WAVE_COUNT)
  for (let at = 0; at < size; at++)
    for (let wave = 0; wave < WAVE_COUNT; wave++)
      table[at * WAVE_COUNT + wave] = Math.cos((Math.PI / size) * (at + 0.5) * wave)
  return table
})

/** Room for one blur at a time: ten thousand of them would be garbage otherwise. */
const channelRoom = () => new Float64Array(MAX_BLUR_SIDE_PX ** 2)
const [light, yellow, red, alpha] = [channelRoom(), channelRoom(), channelRoom(), channelRoom()]
const waves = new Float64Array(WAVE_COUNT ** 2)
const lengths = new Int32Array(WAVE_COUNT)
const sums = new Float64Array(WAVE_COUNT)

/**
 * Draws a thumbhash at any size up to 32 pixels a side. The package draws it at 32 alone, which takes fifty times as long
 * as the tile of a large board needs (S18).
 */
export function drawBlur(hash: Uint8Array, width: number, height: number): Pixels {
  const byte = (at: number): number => hash[at] ?? 0
  const head = byte(0) | (byte(1) << 8) | (byte(2) << 16)
  const shape = byte(3) | (byte(4) << 8)
  const hasAlpha = head >> 23 === 1
  const isLandscape = shape >> 15 === 1
  const long = hasAlpha ? ALPHA_WAVE_COUNT : WAVE_COUNT
  const short = Math.max(COLOUR_WAVE_COUNT, shape & 7)
  const [across, down] = isLandscape ? [long, short] : [short, long]
  const factors = { hash, place: (hasAlpha ? 6 : 5) * 2, width, height }
  fill(light, factors, (head & 63) / 63, ((head >> 18) & 31) / 31, across, down)
  const yellowScale = (((shape >> 3) & 63) / 63) * SATURATION_FACTOR
  fill(yellow, factors, ((head >> 6) & 63) / 31.5 - 1, yellowScale, 3, 3)
  const redScale = (((shape >> 9) & 63) / 63) * SATURATION_FACTOR
  fill(red, factors, ((head >> 12) & 63) / 31.5 - 1, redScale, 3, 3)
  if (hasAlpha) fill(alpha, factors, (byte(5) & 15) / 15, (byte(5) >> 4) / 15, 5, 5)
  const channels = hasAlpha ? 4 : 3
  const data = Buffer.allocUnsafe(width * height * channels)
  for (let i = 0, to = 0; i < width * height; i++, to += channels) {
    const b = light[i]! - (2 / 3) * yellow[i]!
    const r = (3 * light[i]! - b + red[i]!) / 2
    data[to] = toByte(r)
    data[to + 1] = toByte(r - red[i]!)
    data[to + 2] = toByte(b)
    if (hasAlpha) data[to + 3] = toByte(alpha[i]!)
  }
  return { data, width, height, channels }
}

/** The factors of a hash, which its channels read one after the other. */
interface Factors {
  readonly hash: Uint8Array
  /** The next one, of half a byte each. */
  place: number
  readonly width: number
  readonly height: number
}

/**
 * Fills a channel from its mean and its next factors. Sums up the waves along each column first, so that each pixel has
 * few terms.
 */
function fill(
  channel: Float64Array,
  factors: Factors,
  mean: number,
  scale: number,
  across: number,
  down: number,
): void {
  const { hash, width, height } = factors
  waves[0] = 0
  for (let row = 0; row < down; row++) {
    let column = row === 0 ? 1 : 0
    for (; column * down < across * (down - row); column++) {
      const { place } = factors
      const half = ((hash[place >> 1] ?? 0) >> ((place & 1) << 2)) & 15
      waves[row * WAVE_COUNT + column] = (half / 7.5 - 1) * scale * 2
      factors.place++
    }
    lengths[row] = column
  }
  const columns = tables[width]!
  const rows = tables[height]!
  for (let x = 0; x < width; x++) {
    const at = x * WAVE_COUNT
    for (let row = 0; row < down; row++) {
      let sum = 0
      for (let column = 0; column < lengths[row]!; column++)
        sum += waves[row * WAVE_COUNT + column]! * columns[at + column]!
      sums[row] = sum
    }
    for (let y = 0; y < height; y++) {
      let value = mean
      for (let row = 0; row < down; row++) value += sums[row]! * rows[y * WAVE_COUNT + row]!
      channel[y * width + x] = value
    }
  }
}

const toByte = (value: number): number =>
  value <= 0 ? 0 : value >= 1 ? 255 : (value * 255 + 0.5) | 0
