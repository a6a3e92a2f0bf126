/** The prolog of an XML file: white space, declarations, comments, a document type. */
const PROLOG = /\s+|<\?[^>]*>|<!--.*?-->|<!DOCTYPE[^>[]*(?:\[[^\]]*\])?\s*>/sy
/** The start tag of an SVG's root. */
const ELEMENT = /<(?:[\w-]+:)?svg[\s/>]/y

/** The part of a file that is examined. */
const HEAD_BYTES = 4_100

/** Whether these are the first bytes of an SVG. SVG has no magic number, so the first element decides. */
export function isSvg(head: Uint8Array): boolean {
  // Every character that matters is ASCII; a byte order mark may come first.
  const text = String.fromCharCode(...head.subarray(0, HEAD_BYTES)).replace(/^\xef\xbb\xbf/, '')
  let at = 0
  do {
    PROLOG.lastIndex = ELEMENT.lastIndex = at
    at += PROLOG.exec(text)?.[0].length ?? 0
  } while (at > ELEMENT.lastIndex)
  return ELEMENT.test(text)
}
