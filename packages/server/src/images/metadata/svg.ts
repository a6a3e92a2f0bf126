import { isSvg } from '@wirephoto/board'
import { replaceBetween } from './replace-between.ts'
import { isScrubbedInStream, Scrubber } from './scrubber.ts'

/** Comment, instruction, CDATA, document type, tag: the marks of XML 1.0 section 2.4. */
const MARK =
  /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[[^]*?\]\]>|<!DOCTYPE[^[>]*(?:\[[^]*?\]\s*)?>|<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>/g
const ATTRIBUTE = /([^\s=<>"'/]+)(\s*=\s*)("[^"]*"|'[^']*')/g
/** Elements that show nothing in the picture. */
const WIPED_ELEMENTS = ['metadata', 'title', 'desc', 'script']
/** Prefixes that belong to the picture, besides the root's own. Editors have prefixes for what they keep. */
const KEPT_PREFIXES = ['', 'svg', 'xlink', 'xmlns', 'html', 'xhtml', 'math']
const KEPT_NAMESPACES = [
  'http://www.w3.org/2000/svg',
  'http://www.w3.org/1999/xhtml',
  'http://www.w3.org/1998/Math/MathML',
]
const KEPT_INSTRUCTION = /^<\?xml(?:-stylesheet)?\s/
const KEPT_ENCODING = /^(?:utf-?8|us-ascii|iso-8859-1|windows-1252)$/i
/** Data URLs within data URLs. */
const MAX_LEVEL_COUNT = 4

/**
 * Overwrites with spaces what an SVG says besides its picture. Comments, titles, metadata, scripts, notes of
 * editors and paths on a disk go. Pictures inside it are scrubbed too. The length stays.
 *
 * Returns null for an SVG that isn't text in a plain encoding.
 */
export function scrubSvg(svg: Buffer, level = 0): Buffer | null {
  // Every mark is ASCII, so other letters pass as they are.
  const text = svg.toString('latin1')
  const encoding = /^[^<]*<\?xml[^>]*encoding\s*=\s*["']([^"']*)/.exec(text)?.[1] ?? 'utf-8'
  // Entities with marks in them would be expanded to something else than is read here.
  if (!KEPT_ENCODING.test(encoding) || hasMarksInEntities(text)) return null
  if (level > MAX_LEVEL_COUNT || text.includes('\0')) return null
  return Buffer.from(new SvgScrubbing(text, level).run(), 'latin1')
}

class SvgScrubbing {
  readonly #text: string
  readonly #level: number
  #rootPrefix: string | null = null
  /** The depth inside an element that is wiped; 0 outside. */
  #wipedDepth = 0
  #isInStyle = false

  constructor(text: string, level: number) {
    this.#text = text
    this.#level = level
  }

  run(): string {
    const out: string[] = []
    let at = 0
    for (const { 0: mark, index } of this.#text.matchAll(MARK)) {
      out.push(this.#between(this.#text.slice(at, index)), this.#mark(mark))
      at = index + mark.length
    }
    out.push(this.#between(this.#text.slice(at)))
    return out.join('').replaceAll(/file:\/\/[^\s"'()<>]*/gi, blank)
  }

  #between(text: string): string {
    if (this.#wipedDepth > 0) return blank(text)
    return this.#isInStyle ? this.#style(text) : text
  }

  #mark(mark: string): string {
    if (mark.startsWith('<!--')) return blank(mark)
    if (mark.startsWith('<?')) return KEPT_INSTRUCTION.test(mark) ? mark : blank(mark)
    if (mark.startsWith('<![CDATA['))
      return this.#wipedDepth > 0 ? blank(mark) : this.#isInStyle ? this.#style(mark) : mark
    if (mark.startsWith('<!')) return replaceBetween(mark, '<!--', '-->', blank)
    return this.#tag(mark)
  }

  #tag(tag: string): string {
    const [, end, name = ''] = /^<(\/?)([^\s/>]*)/.exec(tag)!
    const [local, prefix = ''] = name.split(':').reverse() as [string, string?]
    const isEmpty = tag.endsWith('/>')
    const isRoot = this.#rootPrefix === null
    this.#rootPrefix ??= prefix
    const namespace = isRoot ? undefined : /\sxmlns\s*=\s*["']([^"']*)/.exec(tag)?.[1]
    const isForeign = namespace !== undefined && !KEPT_NAMESPACES.includes(namespace)
    if (this.#wipedDepth > 0) {
      if (!isEmpty) this.#wipedDepth += end ? -1 : 1
      return blank(tag)
    }
    const isWiped = isForeign || WIPED_ELEMENTS.includes(local.toLowerCase())
    if (isWiped || !this.#isOfPicture(prefix)) {
      if (!isEmpty && !end) this.#wipedDepth = 1
      return blank(tag)
    }
    if (local === 'style') this.#isInStyle = !end && !isEmpty
    return end ? tag : tag.replaceAll(ATTRIBUTE, (...match) => this.#attribute(match as never))
  }

  #attribute([all, name, is, quoted]: readonly [string, string, string, string]): string {
    const [local, prefix = ''] = name.split(':').reverse() as [string, string?]
    if (!this.#isOfPicture(prefix) || /^(?:data-|aria-|on)/i.test(local)) return blank(all)
    const [quote, value] = [quoted[0]!, quoted.slice(1, -1)]
    const kept =
      local === 'href' ? this.#link(value) : local === 'style' ? this.#style(value) : value
    return name + is + quote + kept + quote
  }

  /** Keeps links within the file and into the net. A path would tell of the sender's disk. */
  #link(value: string): string {
    const link = value.trimStart()
    if (link.startsWith('data:')) return this.#dataUrl(value)
    return /^(?:#|https?:)/i.test(link) ? value : blank(value)
  }

  #style(css: string): string {
    return replaceBetween(css, '/*', '*/', blank).replaceAll(
      /(["'(])(data:[^"')]*)/g,
      (_, start: string, url: string) => start + this.#dataUrl(url),
    )
  }

  /** Scrubs the picture in a data URL (RFC 2397). One that can't be scrubbed is overwritten. */
  #dataUrl(url: string): string {
    const [, start, type, base64, body] =
      /^(\s*data:([\w.+-]+\/[\w.+-]+)?(?:;[\w.+=-]+?)*?(;base64)?,)([^]*)$/.exec(url) ?? []
    if (start === undefined || body === undefined) return blank(url)
    if (/^(?:font\/|application\/(?:x-)?font)/.test(type ?? '')) return url
    const code = body.replaceAll(/\s/g, '')
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

/** Returns whether an entity's value has marks, or what looks like the end of the document type. */
function hasMarksInEntities(text: string): boolean {
  const values = text.matchAll(/<!ENTITY[^"'<]*("[^"]*"|'[^']*')/g)
  return Array.from(values).some(([, value]) => /[<\]]/.test(value!))
}

/** Scrubs a whole picture; null for a kind that can't be scrubbed from start to end. */
function scrubPicture(bytes: Buffer, level: number): Buffer | null {
  if (isSvg(bytes)) return scrubSvg(bytes, level)
  if (!isScrubbedInStream(bytes)) return null
  const scrubber = new Scrubber()
  return Buffer.concat([scrubber.scrub(bytes), scrubber.end()])
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')
