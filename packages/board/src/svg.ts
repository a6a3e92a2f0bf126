/** First bytes of a file that is examined: fewer are all of it, and more are left out. */
const [MIN_HEAD_BYTES, MAX_HEAD_BYTES] = [4_100, 65_536]

/**
 * Whether these are the first bytes of an SVG. SVG has no magic number, so the first element decides. If the
 * bytes end before it, as behind a long comment, what stands there decides: the server reads the rest later.
 */
export function isSvg(head: Uint8Array): boolean {
  const text = xmlText(head.subarray(0, MAX_HEAD_BYTES))
  const root = rootPosition(text)
  if (root !== null) return ROOT.test(text.slice(root, root + MAX_ROOT_NAME_LENGTH))
  return head.length >= MIN_HEAD_BYTES && /^\s*<(?:\?xml\s|!--|!DOCTYPE\s+svg\b)/i.test(text)
}

/** The start tag of an SVG's root. */
const ROOT = /^<(?:[\w-]+:)?svg[\s/>]/
const MAX_ROOT_NAME_LENGTH = 64

/** Decodes bytes of an XML file to one character for each unit. All that matters here is ASCII. */
function xmlText(bytes: Uint8Array): string {
  const encoding = utf16Encoding(bytes)
  if (!encoding) return String.fromCharCode(...bytes).replace(/^\xef\xbb\xbf/, '')
  const [high, low] = encoding === 'utf-16be' ? [0, 1] : [1, 0]
  const units = Array.from(
    { length: Math.floor(bytes.length / 2) },
    (_, i) => bytes[i * 2 + high]! * 256 + bytes[i * 2 + low]!,
  )
  return String.fromCharCode(...units)
}

/** Returns which UTF-16 an XML file is in, by its mark or its first character (XML 1.0 appendix F); null for none. */
export function utf16Encoding([a, b, c, d]: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  if (a === 0x3c && b === 0 && c !== 0 && d === 0) return 'utf-16le'
  return a === 0 && b === 0x3c && c === 0 && d !== 0 ? 'utf-16be' : null
}

/**
 * Returns the position of an XML file's first element, behind its declarations, comments and document type.
 * Null if the text ends before it.
 */
export function rootPosition(text: string): number | null {
  let at = 0
  while (at < text.length) {
    if (/\s/.test(text[at]!)) at++
    else {
      const end = markupEnd(text, at)
      if (end === at) return at
      if (end === null) return null
      at = end
    }
  }
  return null
}

/** Returns where a declaration, comment or document type at `at` ends: `at` for none, null if it doesn't end. */
function markupEnd(text: string, at: number): number | null {
  for (const [start, end] of [
    ['<?', '?>'],
    ['<!--', '-->'],
  ] as const)
    if (text.startsWith(start, at)) {
      const found = text.indexOf(end, at + start.length)
      return found < 0 ? null : found + end.length
    }
  return text.startsWith('<!DOCTYPE', at) ? doctypeEnd(text, at + 2) : at
}

/** Returns where a document type ends, with the declarations between its brackets. */
function doctypeEnd(text: string, start: number): number | null {
  let isInside = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]!
    if (character === '"' || character === "'") {
      const end = text.indexOf(character, at + 1)
      if (end < 0) return null
      at = end
    } else if (isInside && (text.startsWith('<!--', at) || text.startsWith('<?', at))) {
      const end = markupEnd(text, at)
      if (end === null) return null
      at = end - 1
    } else if (character === '[') isInside = true
    else if (character === ']') isInside = false
    else if (character === '>' && !isInside) return at + 1
  }
  return null
}
