const BARE_PERCENT = /%(?![\da-f]{2})/gi
const ESCAPES = /(?:%[\da-f]{2})+/gi
const latin1 = new TextDecoder('windows-1252')

/**
 * Mends an address as senders write it, so that routes and queries can decode it: a bare `%`, and escapes
 * in Latin-1 instead of UTF-8. An address of the API loses a slash at its end.
 */
export function tolerantUrl(url: string): string {
  const [, path = '', query = ''] = /^([^?]*)(.*)$/s.exec(url) ?? []
  let end = path.length
  // A regular expression would look at each slash of a run again for the next one.
  if (path.startsWith('/api/')) while (path[end - 1] === '/') end--
  const target = path.slice(0, end)
  return (target + query).replace(BARE_PERCENT, '%25').replace(ESCAPES, asUtf8)
}

/** Returns a run of escapes as it is if it is UTF-8; else escapes its bytes as Latin-1. */
function asUtf8(escapes: string): string {
  try {
    decodeURIComponent(escapes)
    return escapes
  } catch {
    return encodeURIComponent(latin1.decode(Buffer.from(escapes.replaceAll('%', ''), 'hex')))
  }
}
