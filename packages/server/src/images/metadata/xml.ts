/** Levels of elements within elements. XMP has some ten. */
const MAX_LEVEL_COUNT = 32

/** Characters of a text, from the first to before the last. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** An attribute, with the white space before it. */
interface XmlAttribute extends Span {
  readonly name: string
  readonly value: string
}

export interface XmlElement extends Span {
  readonly name: string
  readonly attributes: readonly XmlAttribute[]
  /** Position behind the start tag. Without contents it is the element's end. */
  readonly body: number
  /** Position of the end tag. */
  readonly bodyEnd: number
  readonly children: readonly XmlElement[]
  readonly texts: readonly Span[]
}

type Open = { -readonly [K in keyof XmlElement]: XmlElement[K] } & {
  readonly children: XmlElement[]
  readonly texts: Span[]
}

/** The parts that are read. Each begins where the one before it ended, so a text is read once. */
const PASSED_OVER = /<\?.*?\?>|<!--.*?-->/sy
const END_TAG = /<\/([\w:.-]+)\s*>/y
const START_TAG = /<([\w:.-]+)/y
const ATTRIBUTE = /\s+([\w:.-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y
const START_TAG_END = /\s*(\/?)>/y
const TEXT = /[^<]+/y

/**
 * Reads one XML document (XML 1.0) and says where its parts stand. Comments and processing instructions are
 * passed over, and so is what stands outside of the root. Returns null for anything else.
 */
export function parseXml(text: string): XmlElement | null {
  const open: Open[] = []
  let root: XmlElement | null = null
  for (let at = 0; at < text.length; ) {
    const read = (part: RegExp): RegExpExecArray | null => {
      part.lastIndex = at
      const found = part.exec(text)
      if (found) at = part.lastIndex
      return found
    }
    const start = at
    if (read(TEXT)) open.at(-1)?.texts.push({ start, end: at })
    else if (read(PASSED_OVER)) continue
    else if (read(START_TAG)) {
      at = start
      const element = readStartTag(read, start)
      if (!element || open.length === MAX_LEVEL_COUNT) return null
      const isEmpty = text[at - 2] === '/'
      element.body = element.bodyEnd = element.end = at
      if (open.length === 0 && root) return null
      open.at(-1)?.children.push(element)
      root ??= element
      if (!isEmpty) open.push(element)
    } else {
      const name = read(END_TAG)?.[1]
      const element = open.pop()
      if (!element || element.name !== name) return null
      element.bodyEnd = start
      element.end = at
    }
  }
  return open.length === 0 ? root : null
}

function readStartTag(read: (part: RegExp) => RegExpExecArray | null, start: number): Open | null {
  const name = read(START_TAG)![1]!
  const attributes: XmlAttribute[] = []
  const names = new Set<string>()
  for (let found = read(ATTRIBUTE); found; found = read(ATTRIBUTE)) {
    const value = found[2] ?? found[3] ?? ''
    const end = found.index + found[0].length
    if (names.has(found[1]!)) return null
    names.add(found[1]!)
    attributes.push({ name: found[1]!, value, start: found.index, end })
  }
  if (!read(START_TAG_END)) return null
  return { name, attributes, start, end: 0, body: 0, bodyEnd: 0, children: [], texts: [] }
}
