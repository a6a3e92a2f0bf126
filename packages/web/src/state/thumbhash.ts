import { thumbHashToAverageRGBA, thumbHashToDataURL, thumbHashToRGBA } from 'thumbhash'

const blurs = new Map<string, string>()
const colours = new Map<string, string>()
const paperColours = new Map<string, string | null>()

/** A picture that is less opaque on the whole is transparent, and not only at its corners. */
const MAX_ALPHA_FACTOR = 0.9
/** A colour shows poorly on one that it has less contrast with (WCAG 2.2, "contrast ratio"). */
const MIN_CONTRAST_FACTOR = 2
/** Less opaque pixels say nothing sure about the ink. */
const MIN_ALPHA_FACTOR = 0.1
/** More opaque pixels count no more: thin words are as much to read as a full sign is to see. */
const FULL_ALPHA_FACTOR = 0.3
/** The part of the ink that may show poorly. */
const MAX_POOR_FACTOR = 0.3
/** The sheet that every picture stands on, as tokens.css has it, and the papers that may lie on it: the quietest first. */
export const looks = {
  day: { sheet: '#ffffff', papers: ['#8b8985', '#3a3937'] },
  night: { sheet: '#1f1f1e', papers: ['#8b8985', '#dcdad6'] },
} as const
const SHEET = 'var(--sheet)'

/** Returns the blur of a thumbhash as a data URL, null if it is invalid. */
export function blurOf(thumbhash: string): string | null {
  const known = blurs.get(thumbhash)
  if (known) return known
  try {
    const url = thumbHashToDataURL(bytesOf(thumbhash))
    blurs.set(thumbhash, url)
    return url
  } catch {
    return null
  }
}

/** Returns the mean colour of a thumbhash in CSS, null if it is invalid. */
export function colourOf(thumbhash: string): string | null {
  const known = colours.get(thumbhash)
  if (known) return known
  try {
    const { r, g, b } = thumbHashToAverageRGBA(bytesOf(thumbhash))
    const colour = `rgb(${r * 255} ${g * 255} ${b * 255})`
    colours.set(thumbhash, colour)
    return colour
  } catch {
    return null
  }
}

/** Returns the paper that a transparent picture shows on, by look, in CSS. Null if it shows well on the sheet. */
export function paperOf(thumbhash: string): string | null {
  const known = paperColours.get(thumbhash)
  if (known !== undefined) return known
  const paper = findPaper(thumbhash)
  paperColours.set(thumbhash, paper)
  return paper
}

function findPaper(thumbhash: string): string | null {
  try {
    const bytes = bytesOf(thumbhash)
    if (thumbHashToAverageRGBA(bytes).a > MAX_ALPHA_FACTOR) return null
    const ink = inkOf(bytes)
    const [day, night] = [quietestPaper(ink, looks.day), quietestPaper(ink, looks.night)]
    return day || night ? `light-dark(${day ?? SHEET}, ${night ?? SHEET})` : null
  } catch {
    return null
  }
}

/**
 * Returns the pixels of a drawing's blur as its ink was. The blur was made over the mean colour, to which it fades where
 * little is opaque. Lines too thin for the blur leave only that colour.
 */
function inkOf(thumbhash: Uint8Array): Uint8ClampedArray {
  const { r, g, b } = thumbHashToAverageRGBA(thumbhash)
  const ink = Uint8ClampedArray.from(thumbHashToRGBA(thumbhash).rgba)
  const mean = [r * 255, g * 255, b * 255]
  if (!ink.some((value, i) => i % 4 === 3 && value > MIN_ALPHA_FACTOR * 255))
    return Uint8ClampedArray.from([...mean, 255])
  for (let i = 0; i < ink.length; i += 4) {
    const alpha = Math.max(ink[i + 3]! / 255, MIN_ALPHA_FACTOR)
    for (const [at, channel] of mean.entries())
      ink[i + at] = channel + (ink[i + at]! - channel) / alpha
  }
  return ink
}

/** Returns the quietest paper that a drawing shows well on. Null if it does so on the sheet, or no paper is better. */
function quietestPaper(
  ink: Uint8ClampedArray,
  { sheet, papers }: { readonly sheet: string; readonly papers: readonly string[] },
): string | null {
  let [least, best] = [poorPart(ink, sheet), null as string | null]
  for (const paper of papers) {
    if (least <= MAX_POOR_FACTOR) break
    const part = poorPart(ink, paper)
    if (part < least) [least, best] = [part, paper]
  }
  return best
}

/** Returns which part of a drawing's ink has little contrast with a colour. */
function poorPart(ink: Uint8ClampedArray, colour: string): number {
  const ground = luminance(...channelsOf(colour))
  let [poor, all] = [0, 0]
  for (let i = 0; i < ink.length; i += 4) {
    const own = luminance(ink[i]!, ink[i + 1]!, ink[i + 2]!)
    const contrast = (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05)
    const weight = Math.min(ink[i + 3]!, FULL_ALPHA_FACTOR * 255)
    all += weight
    if (contrast < MIN_CONTRAST_FACTOR) poor += weight
  }
  return poor / all
}

/** Returns the relative luminance of a colour (WCAG 2.2). */
const luminance = (r: number, g: number, b: number): number =>
  0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)

const linear = (channel: number): number =>
  channel <= 10 ? channel / 255 / 12.92 : ((channel / 255 + 0.055) / 1.055) ** 2.4

function channelsOf(hex: string): [number, number, number] {
  const all = Number.parseInt(hex.slice(1), 16)
  return [all >> 16, (all >> 8) & 255, all & 255]
}

const bytesOf = (thumbhash: string): Uint8Array =>
  Uint8Array.from(atob(thumbhash), (c) => c.charCodeAt(0))
