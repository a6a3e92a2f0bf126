import { thumbHashToAverageRGBA, thumbHashToDataURL } from 'thumbhash'

const blurs = new Map<string, string>()
const colours = new Map<string, string>()

/** A picture that is less opaque on the whole is transparent, and not only at its corners. */
const MAX_ALPHA_FACTOR = 0.9
/** The mean lightness up to which a drawing is dark, and from which it is light. */
const [DARK_FACTOR, LIGHT_FACTOR] = [0.45, 0.75]

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

/** Returns the paper that a transparent picture shows on, null for any other. */
export function paperOf(thumbhash: string): 'light' | 'dark' | null {
  try {
    const { r, g, b, a } = thumbHashToAverageRGBA(bytesOf(thumbhash))
    if (a > MAX_ALPHA_FACTOR) return null
    const lightness = 0.3 * r + 0.59 * g + 0.11 * b
    if (lightness < DARK_FACTOR) return 'light'
    return lightness > LIGHT_FACTOR ? 'dark' : null
  } catch {
    return null
  }
}

const bytesOf = (thumbhash: string): Uint8Array =>
  Uint8Array.from(atob(thumbhash), (c) => c.charCodeAt(0))
