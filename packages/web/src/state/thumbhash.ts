import { thumbHashToAverageRGBA, thumbHashToDataURL } from 'thumbhash'

const blurs = new Map<string, string>()
const colours = new Map<string, string>()

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

const bytesOf = (thumbhash: string): Uint8Array =>
  Uint8Array.from(atob(thumbhash), (c) => c.charCodeAt(0))
