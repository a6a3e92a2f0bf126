/** What may stand before the first element of an XML file. */
const BEFORE = /\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>[]*(?:\[[^\]]*\])?\s*>/sy
const ELEMENT = /<(?:[\w-]+:)?svg[\s/>]/y

/** Bytes that are looked at. */
const HEAD = 4_100

/** Whether these are the first bytes of an SVG. It has no magic number: its first element tells. */
export function isSvg(head: Uint8Array): boolean {
  // What tells is ASCII, after a byte order mark maybe.
  const text = String.fromCharCode(...head.subarray(0, HEAD)).replace(/^\xef\xbb\xbf/, '')
  let at = 0
  do {
    BEFORE.lastIndex = ELEMENT.lastIndex = at
    at += BEFORE.exec(text)?.[0].length ?? 0
  } while (at > ELEMENT.lastIndex)
  return ELEMENT.test(text)
}
