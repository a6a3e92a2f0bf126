/** Light of one channel, where 1 is the white of a screen, for the numbers of a picture from 0 to 1. */
type Curve = (value: number) => number
type Matrix = readonly (readonly [number, number, number])[]

/** Colour that a file describes by numbers and not by an ICC profile. */
export interface Colour {
  readonly curve: Curve
  /** From linear RGB of the picture to linear sRGB. */
  readonly toSrgb: Matrix
  /** Null for pictures that a plain screen shows whole. */
  readonly hdr: Hdr | null
}

interface Hdr {
  /** From linear RGB of the picture to that of BT.2020, in which it is tone mapped. */
  readonly toBt2020: Matrix
  /** From linear BT.2020 to linear sRGB. */
  readonly fromBt2020: Matrix
  readonly isSceneLight: boolean
  readonly gain: Curve
}

/** Chromaticities x and y of white, red, green and blue. */
export type Primaries = readonly [number, number, number, number, number, number, number, number]

const D65 = [0.3127, 0.329] as const
const ILLUMINANT_C = [0.31, 0.316] as const
const BT709: Primaries = [...D65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06]
const BT601: Primaries = [...D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07]
const BT2020: Primaries = [...D65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046]
/** ITU-T H.273 table 2. */
const PRIMARIES: Readonly<Record<number, Primaries>> = {
  1: BT709,
  4: [...ILLUMINANT_C, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08],
  5: [...D65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06],
  6: BT601,
  7: BT601,
  8: [...ILLUMINANT_C, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049],
  9: BT2020,
  10: [1 / 3, 1 / 3, 1, 0, 0, 1, 0, 0],
  11: [0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
  12: [...D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
  22: [...D65, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077],
}

/** The curve of a screen for BT.709 (ITU-R BT.1886). */
const bt709 = gamma(2.4)
/** Code points of curves (ITU-T H.273 table 3). */
export const SRGB_CODE_POINT = 0x0d
const [PQ, HLG] = [0x10, 0x12]
/** ITU-T H.273 table 3, without the logarithmic curves, which Chromium lacks too. */
const CURVES: Readonly<Record<number, Curve>> = {
  1: bt709,
  4: gamma(2.2),
  5: gamma(2.8),
  6: bt709,
  7: curveWithToe(0.1115, 1 / 0.45, 4, 0.0913),
  8: (value) => value,
  11: bt709,
  [SRGB_CODE_POINT]: curveWithToe(0.055, 2.4, 12.92, 0.04045),
  14: bt709,
  15: bt709,
  [PQ]: pq,
  17: (value) => (52.37 / 48) * value ** 2.6,
  [HLG]: hlg,
}

/** Luminance that becomes white, and that of the brightest pixel where a file doesn't tell. ITU-R BT.2408. */
const [WHITE_NITS, DEFAULT_PEAK_NITS] = [203, 1000]

/** Code points of ITU-T H.273. */
export interface CodePoints {
  readonly primaries: number
  readonly transfer: number
  /** Luminance of the brightest pixel, in cd/m²; null where the file doesn't tell. */
  readonly peakNits: number | null
}

/** Returns the colour that code points stand for; null for sRGB, and for what Chromium takes for sRGB. */
export function colourByCodePoints({ primaries, transfer, peakNits }: CodePoints): Colour | null {
  const [chromaticities, curve] = [PRIMARIES[primaries], CURVES[transfer]]
  if (!chromaticities || !curve || (primaries === 1 && transfer === SRGB_CODE_POINT)) return null
  const toSrgb = toLinearSrgb(chromaticities)
  if (transfer !== PQ && transfer !== HLG) return { curve, toSrgb, hdr: null }
  const fromBt2020 = toLinearSrgb(BT2020)
  const hdr: Hdr = {
    toBt2020: multiply(invert(fromBt2020), toSrgb),
    fromBt2020,
    isSceneLight: transfer === HLG,
    gain: toneMapGain((peakNits ?? DEFAULT_PEAK_NITS) / WHITE_NITS),
  }
  return { curve, toSrgb, hdr }
}

/** Returns the colour of numbers that are light to the power of `1 / exponent`. */
export const colourByGamma = (exponent: number, chromaticities: Primaries = BT709): Colour => ({
  curve: gamma(exponent),
  toSrgb: toLinearSrgb(chromaticities),
  hdr: null,
})

/**
 * Returns pixels as 8 bit sRGB with as many channels: three, or four with alpha, which is straight before and
 * after.
 */
export function convertToSrgb(
  data: Uint8Array | Uint16Array,
  channels: number,
  { curve, toSrgb, hdr }: Colour,
): Buffer {
  const maximum = data instanceof Uint16Array ? 65_535 : 255
  const light = Float32Array.from({ length: maximum + 1 }, (_, i) => curve(i / maximum))
  const converted = Buffer.allocUnsafe(data.length)
  const matrix = hdr ? hdr.fromBt2020 : toSrgb
  const rgb: [number, number, number] = [0, 0, 0]
  for (let i = 0; i < data.length; i += channels) {
    for (let n = 0; n < 3; n++) rgb[n] = light[data[i + n]!]!
    if (hdr) toneMap(rgb, hdr)
    for (let n = 0; n < 3; n++) converted[i + n] = encode(dot(matrix[n]!, rgb))
    if (channels === 4) converted[i + 3] = Math.round((data[i + 3]! * 255) / maximum)
  }
  return converted
}

const ENCODED = Uint8Array.from({ length: 65_536 }, (_, i) => {
  const light = i / 65_535
  const value = light <= 0.003_130_8 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055
  return Math.round(value * 255)
})
const encode = (light: number): number =>
  light <= 0 ? 0 : light >= 1 ? 255 : ENCODED[Math.round(light * 65_535)]!

/** Replaces linear RGB of the picture by linear BT.2020 for a plain screen. */
function toneMap(rgb: [number, number, number], { toBt2020, isSceneLight, gain }: Hdr): void {
  const [r, g, b] = [dot(toBt2020[0]!, rgb), dot(toBt2020[1]!, rgb), dot(toBt2020[2]!, rgb)]
  let factor = 1
  // ITU-R BT.2100 table 5: a screen of 1,000 cd/m² shows scene light with a gamma of 1.2.
  if (isSceneLight)
    factor =
      (DEFAULT_PEAK_NITS / WHITE_NITS) * Math.max(0.2627 * r + 0.678 * g + 0.0593 * b, 0) ** 0.2
  factor *= gain(Math.max(r, g, b) * factor)
  rgb[0] = r * factor
  rgb[1] = g * factor
  rgb[2] = b * factor
}

/** Control points of the gain curve. */
const CONTROL_POINT_COUNT = 8

/**
 * Returns the gain of a pixel by its greatest component; `peak` is the greatest in the picture. It is the
 * reference white tone mapping operator of SMPTE ST 2094-50 annex D, as in Chromium.
 */
function toneMapGain(peak: number): Curve {
  if (peak <= 1) return () => 1
  const white = 1 - 0.5 * Math.min(Math.log2(peak) / Math.log2(DEFAULT_PEAK_NITS / WHITE_NITS), 1)
  const [middleX, middleY] = [0.35 + 0.65 / white, 0.35 * white + 0.65]
  const [ax, ay] = [1 - 2 * middleX + peak, white - 2 * middleY + 1]
  const [bx, by] = [2 * middleX - 2, 2 * middleY - 2 * white]
  const points = Array.from({ length: CONTROL_POINT_COUNT }, (_, i) => {
    const t = i / (CONTROL_POINT_COUNT - 1)
    const [x, y] = [1 + t * (bx + t * ax), white + t * (by + t * ay)]
    const slope = (2 * ay * t + by) / (2 * ax * t + bx)
    return { x, stops: Math.log2(y / x), slope: (x * slope - y) / (Math.LN2 * x * y) }
  })
  return (x) => {
    if (x <= 1) return white
    if (x >= peak) return 1 / x
    const next = points.findIndex((point) => x < point.x)
    const [from, to] = [points[next - 1]!, points[next]!]
    const width = to.x - from.x
    const t = (x - from.x) / width
    const [u, v] = [from.slope * width, to.slope * width]
    const c3 = 2 * from.stops + u - 2 * to.stops + v
    const c2 = -3 * from.stops + 3 * to.stops - 2 * u - v
    return 2 ** (((c3 * t + c2) * t + u) * t + from.stops)
  }
}

function gamma(exponent: number): Curve {
  return (value) => value ** exponent
}

/** Returns a power curve that starts as a straight line below `end`. */
function curveWithToe(offset: number, exponent: number, slope: number, end: number): Curve {
  return (value) => (value < end ? value / slope : ((value + offset) / (1 + offset)) ** exponent)
}

/** SMPTE ST 2084. */
function pq(value: number): number {
  const power = value ** (1 / 78.84375)
  const light = Math.max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
  return (light ** (1 / 0.1593017578125) * 10_000) / WHITE_NITS
}

/** ITU-R BT.2100 table 5: light of the scene, from 0 to 1. */
function hlg(value: number): number {
  if (value <= 0.5) return value ** 2 / 3
  return (Math.exp((value - 0.559_910_73) / 0.178_832_77) + 0.284_668_92) / 12
}

const dot = (row: readonly [number, number, number], [r, g, b]: readonly number[]): number =>
  row[0] * r! + row[1] * g! + row[2] * b!

/** Returns the matrix from linear RGB to linear sRGB. Another white becomes that of sRGB (Bradford). */
function toLinearSrgb(chromaticities: Primaries): Matrix {
  const [x, y] = chromaticities
  const cones = (wx: number, wy: number) => apply(BRADFORD, xyz(wx, wy))
  const [from, to] = [cones(x, y), cones(...D65)]
  const scaled = BRADFORD.map((row, i) =>
    row.map((v) => (v * to[i]!) / from[i]!),
  ) as unknown as Matrix
  const adapted = multiply(multiply(invert(BRADFORD), scaled), toXyz(chromaticities))
  return multiply(invert(toXyz(BT709)), adapted)
}

const BRADFORD: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
]

const xyz = (x: number, y: number): [number, number, number] => [x / y, 1, (1 - x - y) / y]

function toXyz([wx, wy, ...colours]: Primaries): Matrix {
  // XYZ of the primaries, without a scale, since y may be 0.
  const columns = [0, 2, 4].map((i) => {
    const [x, y] = [colours[i]!, colours[i + 1]!]
    return [x, y, 1 - x - y] as const
  })
  const unscaled = [0, 1, 2].map((i) => columns.map((column) => column[i]!)) as unknown as Matrix
  const scales = apply(invert(unscaled), xyz(wx, wy))
  return unscaled.map((row) => row.map((v, i) => v * scales[i]!)) as unknown as Matrix
}

const apply = (matrix: Matrix, vector: readonly number[]): number[] =>
  matrix.map((row) => dot(row, vector))

const multiply = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) =>
    [0, 1, 2].map((i) => dot(row, [b[0]![i]!, b[1]![i]!, b[2]![i]!])),
  ) as unknown as Matrix

function invert(m: Matrix): Matrix {
  const cofactor = (row: number, column: number) => {
    const at = (i: number, j: number) => m[(row + i) % 3]![(column + j) % 3]!
    return at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
  }
  const determinant = [0, 1, 2].reduce((sum, i) => sum + m[0]![i]! * cofactor(0, i), 0)
  return [0, 1, 2].map((i) =>
    [0, 1, 2].map((j) => cofactor(j, i) / determinant),
  ) as unknown as Matrix
}
