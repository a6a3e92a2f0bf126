import { thumbHashToDataURL } from 'thumbhash'

const cache = new Map<string, string>()

/** The blur of a thumbhash as a picture's address, null for one that can't be read. */
export function blurOf(thumbhash: string): string | null {
  const known = cache.get(thumbhash)
  if (known) return known
  try {
    const url = thumbHashToDataURL(Uint8Array.from(atob(thumbhash), (c) => c.charCodeAt(0)))
    cache.set(thumbhash, url)
    return url
  } catch {
    return null
  }
}
