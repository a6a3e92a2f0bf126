import { isSvg } from '@wirephoto/board'
import { blank } from './blank.ts'
import { isScrubbedInStream, Scrubber } from './scrubber.ts'
import { isOnDisk, scrubCss, scrubCssLinks, scrubLink } from './svg-css.ts'
import { readDoctype, type SvgDoctype } from './svg-doctype.ts'

/** The parts of XML 1.0 sections 2.4 to 3.1. Each begins where the one before it ended, so a text is read once. */
const TEXT = /[^<]+/y
const COMMENT = /<!--[^]*?-->/y
const CDATA = /<!\[CDATA\[([^]*?)\]\]>/y
const INSTRUCTION = /<\?[^]*?\?>/y
const END_TAG = /<\/([^\s<>"'/=]+)[ \t\r\n]*>/y
const TAG_START = /<([^\s<>"'/=!?]+)/y
const ATTRIBUTE = /([ \t\r\n]+)([^ \t\r\n=<>"'/]+)([ \t\r\n]*=[ \t\r\n]*)("[^"<]*"|'[^'<]*')/y
const TAG_END = /[ \t\r\n]*(\/?)>/y
/** White space, which alone may stand outside of the root. */
const SPACE = /^(?:\xef\xbb\xbf)?[ \t\r\n]*$/
/** Elements that show nothing in the picture. */
const WIPED_ELEMENTS = ['metadata', 'title', 'desc', 'script']
/** Attributes that say something of an element, a link or a file, and that nothing draws. */
const WIPED_ATTRIBUTE =
  /^(?:data-.*|aria-.*|on.*|title|alt|role|arcrole|content|data|srcset|poster|cite|longdesc)$/i
/** Attributes that are links. */
const LINKS = ['href', 'src']
/** Prefixes that belong to the picture, besides the root's own. Editors have prefixes for what they keep. */
const KEPT_PREFIXES = ['', 'svg', 'xlink', 'xmlns', 'html', 'xhtml', 'math']
const KEPT_NAMESPACES = [
  'http://www.w3.org/2000/svg',
  'http://www.w3.org/1999/xhtml',
  'http://www.w3.org/1998/Math/MathML',
]
const XML_DECLARATION =
  /^<\?xml(?:\s+(?:version|encoding|standalone)\s*=\s*(?:"[\w.:-]*"|'[\w.:-]*'))+\s*\?>$/
const STYLE_SHEET =
  /^<\?xml-stylesheet(?:\s+(?:type|media|href|alternate)\s*=\s*(?:"[^"<]*"|'[^'<]*'))+\s*\?>$/
const STYLE_SHEET_LINK = /\shref\s*=\s*["'](?:#|https?:\/\/)/
const KEPT_ENCODING = /^(?:utf-?8|us-ascii|iso-8859-1|windows-1252)$/i
/** A reference to an entity, and those that need no declaration (XML 1.0 section 4.6). */
const REFERENCE = /&([\w:\x80-\xff][\w:.\x80-\xff-]*);/g
const PREDEFINED_ENTITIES = ['lt', 'gt', 'amp', 'quot', 'apos']
/** Types of fonts, and first bytes in base64: WOFF, WOFF2, TrueType, OpenType, and collections. */
const FONT_TYPE = /^(?:font\/|application\/(?:x-)?font)/
const FONT_START = /^(?:d09GR|d09GM|AAEAA|dHJ1Z|T1RUT|dHRjZ)/
/** Data URLs within data URLs. */
const MAX_LEVEL_COUNT = 4

/**
 * Overwrites with spaces what an SVG says besides its picture. Comments, titles, metadata, scripts, notes of
 * editors and paths on a disk go. Pictures inside it are scrubbed too. The length stays.
 *
 * Returns null for an SVG that isn't text in a plain encoding, and for one that isn't well formed.
 */
export function scrubSvg(svg: Buffer, level = 0): Buffer | null {
  // Every mark is ASCII, so other letters pass as they are.
  const text = svg.toString('latin1')
  const encoding = /^[^<]*<\?xml[^>]*encoding\s*=\s*["']([^"']*)/.exec(text)?.[1] ?? 'utf-8'
  if (!KEPT_ENCODING.test(encoding) || level > MAX_LEVEL_COUNT || text.includes('\0')) return null
  const scrubbed = new SvgScrubbing(text, level).run()
  return scrubbed === null ? null : Buffer.from(scrubbed, 'latin1')
}

class SvgScrubbing {
  readonly #text: string
  readonly #level: number
  #at = 0
  #rootPrefix: string | null = null
  #doctype: SvgDoctype | null = null
  /** Names of the elements that are open. */
  readonly #open: string[] = []
  /** How many elements are open around the one that is wiped; null outside of such. */
  #wipedDepth: number | null = null
  #isInStyle = false
  /** Whether a style sheet's comment goes on behind a mark. */
  #isInCssComment = false
  /** Entities that what stays refers to. */
  readonly #references = new Set<string>()

  constructor(text: string, level: number) {
    this.#text = text
    this.#level = level
  }

  /** Returns the text in its length; null if it isn't well formed, or refers to what goes. */
  run(): string | null {
    const out: string[] = []
    let doctypeIndex = -1
    while (this.#at < this.#text.length) {
      if (this.#readDoctype()) doctypeIndex = out.push('') - 1
      const part = this.#part()
      if (part === null) return null
      out.push(part)
    }
    if (this.#open.length > 0 || this.#rootPrefix === null) return null
    const doctype = this.#doctype?.keep(this.#references)
    if (doctype) out[doctypeIndex] = doctype.text
    const known = new Set([...PREDEFINED_ENTITIES, ...(doctype?.entities ?? [])])
    if (!this.#references.isSubsetOf(known)) return null
    return out.join('').replaceAll(/file:\/[^\s"'()<>]*/gi, blank)
  }

  #read(part: RegExp): RegExpExecArray | null {
    part.lastIndex = this.#at
    const found = part.exec(this.#text)
    if (found) this.#at = part.lastIndex
    return found
  }

  /** Reads the document type, which stands before the root. */
  #readDoctype(): boolean {
    if (this.#doctype || this.#rootPrefix !== null) return false
    this.#doctype = readDoctype(this.#text, this.#at)
    this.#at = this.#doctype?.end ?? this.#at
    return this.#doctype !== null
  }

  /** Reads a mark, or the text before one. Returns what stands for it; null for neither. */
  #part(): string | null {
    const text = this.#read(TEXT)
    if (text) return this.#between(text[0], true)
    const comment = this.#read(COMMENT)
    if (comment) return blank(comment[0])
    const cdata = this.#read(CDATA)
    if (cdata)
      return this.#wipedDepth === null && this.#open.length > 0
        ? `<![CDATA[${this.#between(cdata[1]!, false)}]]>`
        : blank(cdata[0])
    const instruction = this.#read(INSTRUCTION)
    if (instruction)
      return isKeptInstruction(instruction[0]) ? instruction[0] : blank(instruction[0])
    return this.#endTag() ?? this.#startTag()
  }

  #between(text: string, hasReferences: boolean): string | null {
    if (this.#open.length === 0) return SPACE.test(text) ? text : null
    if (this.#wipedDepth !== null) return blank(text)
    const kept = this.#isInStyle ? this.#styleSheet(text) : text
    if (hasReferences) this.#noteReferences(kept)
    return kept
  }

  #endTag(): string | null {
    const found = this.#read(END_TAG)
    if (!found || this.#open.pop() !== found[1]) return null
    const isWiped = this.#wipedDepth !== null
    if (this.#open.length === this.#wipedDepth) this.#wipedDepth = null
    this.#isInStyle = this.#isInCssComment = false
    return isWiped ? blank(found[0]) : found[0]
  }

  #startTag(): string | null {
    const start = this.#at
    const name = this.#read(TAG_START)?.[1]
    if (name === undefined || (this.#open.length === 0 && this.#rootPrefix !== null)) return null
    const [local, prefix = ''] = name.split(':').reverse() as [string, string?]
    const isRoot = this.#rootPrefix === null
    this.#rootPrefix ??= prefix
    const out = [`<${name}`]
    let namespace: string | undefined
    for (let found = this.#read(ATTRIBUTE); found; found = this.#read(ATTRIBUTE)) {
      const [, space, attribute, is, quoted] = found as unknown as string[]
      if (attribute === 'xmlns' && !isRoot) namespace = quoted!.slice(1, -1)
      out.push(space! + this.#attribute(attribute!, is!, quoted!))
    }
    const end = this.#read(TAG_END)
    if (!end) return null
    out.push(end[0])
    const isForeign = namespace !== undefined && !KEPT_NAMESPACES.includes(namespace)
    const isKept =
      !isForeign && !WIPED_ELEMENTS.includes(local.toLowerCase()) && this.#isOfPicture(prefix)
    const isInWiped = this.#wipedDepth !== null
    if (!end[1]) {
      if (!isKept && !isInWiped) this.#wipedDepth = this.#open.length
      this.#open.push(name)
      this.#isInStyle = local === 'style'
    }
    if (!isKept || isInWiped) return blank(this.#text.slice(start, this.#at))
    const tag = out.join('')
    this.#noteReferences(tag)
    return tag
  }

  #attribute(name: string, is: string, quoted: string): string {
    const [local, prefix = ''] = name.split(':').reverse() as [string, string?]
    if (!this.#isOfPicture(prefix) || (prefix !== 'xmlns' && WIPED_ATTRIBUTE.test(local)))
      return blank(name + is + quoted)
    const [quote, value] = [quoted[0]!, quoted.slice(1, -1)]
    return name + is + quote + this.#value(local, value) + quote
  }

  #value(local: string, value: string): string {
    if (LINKS.includes(local) || /^\s*data:/i.test(value)) return scrubLink(value, this.#dataUrl)
    if (isOnDisk(value)) return blank(value)
    if (local === 'style') return scrubCss(value, this.#dataUrl).css
    return /url\(/i.test(value) ? scrubCssLinks(value, this.#dataUrl) : value
  }

  #styleSheet(text: string): string {
    const { css, isInComment } = scrubCss(text, this.#dataUrl, this.#isInCssComment)
    this.#isInCssComment = isInComment
    return css
  }

  #noteReferences(text: string): void {
    for (const [, name] of text.matchAll(REFERENCE)) this.#references.add(name!)
  }

  /** Scrubs the picture in a data URL (RFC 2397). One that can't be scrubbed is overwritten. */
  readonly #dataUrl = (url: string): string => {
    const [, start, type, base64, body] =
      /^(\s*data:([\w.+-]+\/[\w.+-]+)?(?:;[\w.+=-]+?)*?(;base64)?,)([^]*)$/.exec(url) ?? []
    if (start === undefined || body === undefined) return blank(url)
    const code = body.replaceAll(/\s/g, '')
    if (base64 && FONT_TYPE.test(type ?? '') && FONT_START.test(code)) return url
    if (!base64 || !/^[A-Za-z0-9+/]*={0,2}$/.test(code)) return blank(url)
    const scrubbed = scrubPicture(Buffer.from(code, 'base64'), this.#level + 1)
    const letters = scrubbed?.toString('base64').slice(0, code.length) ?? ''
    if (letters.length !== code.length) return blank(url)
    let at = 0
    return start + body.replaceAll(/\S/g, () => letters[at++]!)
  }

  #isOfPicture = (prefix: string): boolean =>
    prefix === this.#rootPrefix || KEPT_PREFIXES.includes(prefix)
}

/** Returns whether an instruction says how to read the file, or names a style sheet in the net. */
const isKeptInstruction = (text: string): boolean =>
  XML_DECLARATION.test(text) || (STYLE_SHEET.test(text) && STYLE_SHEET_LINK.test(text))

/** Scrubs a whole picture; null for a kind that can't be scrubbed from start to end. */
function scrubPicture(bytes: Buffer, level: number): Buffer | null {
  if (isSvg(bytes)) return scrubSvg(bytes, level)
  if (!isScrubbedInStream(bytes)) return null
  const scrubber = new Scrubber()
  return Buffer.concat([scrubber.scrub(bytes), scrubber.end()])
}
