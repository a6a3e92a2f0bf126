import { thumbHashToAverageRGBA, thumbHashToDataURL } from 'thumbhash'

const cache = new Map<string, string>()
const colours = new Map<string, string>()

/** The blur of a thumbhash as a picture's address, null for one that can't be read. */
export function blurOf(thumbhash: string): string | null {
  const known = cache.get(thumbhash)
  if (known) return known
  try {
    const url = thumbHashToDataURL(bytesOf(thumbhash))
    cache.set(thumbhash, url)
    return url
  } catch {
    return null
  }
}

/** The mean colour of a thumbhash, as CSS has it, null for one that can't be read. */
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
