import { rootPosition, utf16Encoding } from '@wirephoto/board'

/** A CSS inch (CSS Values and Units section 6.2). */
export const CSS_DOTS_PER_INCH = 96
/** The size in CSS pixels of a picture that tells none (CSS Images section 5.2). */
const [DEFAULT_WIDTH_PX, DEFAULT_HEIGHT_PX] = [300, 150]
/** CSS pixels of each unit. `em` and its kin are those of a browser's standard font. */
const UNIT_PX: Readonly<Record<string, number>> = {
  '': 1,
  px: 1,
  in: CSS_DOTS_PER_INCH,
  cm: CSS_DOTS_PER_INCH / 2.54,
  mm: CSS_DOTS_PER_INCH / 25.4,
  q: CSS_DOTS_PER_INCH / 101.6,
  pt: CSS_DOTS_PER_INCH / 72,
  pc: CSS_DOTS_PER_INCH / 6,
  em: 16,
  rem: 16,
  ex: 8,
  ch: 8,
}
/** libvips looks for this near the start of the file, where long comments and document types stand. */
const SIGNATURE = '<!--<svg-->'

/**
 * Reads an SVG in any encoding and gives its root a size in pixels, so that its longest side is
 * `longestSide(natural)`. Returns UTF-8, or null for bytes that are no SVG. Throws for one of no size.
 *
 * The root's size says how large the drawing is, and nothing of how it is drawn: units inside of it stay.
 */
export function sizedSvg(bytes: Buffer, longestSide: (natural: number) => number): Buffer | null {
  const text = decodeXml(bytes)
  const start = rootPosition(text)
  if (start === null) return null
  const root = ROOT.exec(text.slice(start))?.[0]
  if (!root) return null
  const { width, height, hasViewBox } = naturalSize(root)
  if (width === 0 || height === 0) throw new Error('an SVG of no size')
  const scale = longestSide(Math.max(width, height)) / Math.max(width, height)
  const sized = withAttributes(root, {
    width: `${Math.max(width * scale, 1)}`,
    height: `${Math.max(height * scale, 1)}`,
    ...(hasViewBox ? {} : { viewBox: `0 0 ${width} ${height}` }),
  })
  const doctype = /<!DOCTYPE[^]*$/.exec(text.slice(0, start))?.[0] ?? ''
  return Buffer.from(SIGNATURE + doctype + sized + text.slice(start + root.length))
}

/** A start tag. Attributes may contain `>`. */
const ROOT = /^<(?:[\w-]+:)?svg(?=[\s/>])(?:[^>"']|"[^"]*"|'[^']*')*>/

/** Decodes an XML file by its mark or by the encoding that it declares (XML 1.0 section 4.3.3). */
function decodeXml(bytes: Buffer): string {
  const declared = /^(?:\xef\xbb\xbf)?<\?xml\s[^>]*encoding\s*=\s*["']([\w.:-]+)/.exec(
    bytes.toString('latin1', 0, 256),
  )?.[1]
  return decoderOf(utf16Encoding(bytes) ?? declared).decode(bytes)
}

function decoderOf(encoding = 'utf-8'): InstanceType<typeof TextDecoder> {
  try {
    return new TextDecoder(encoding)
  } catch {
    return new TextDecoder()
  }
}

/** Returns the size that a browser gives to an SVG with this root, in CSS pixels (CSS Images section 5.3). */
function naturalSize(root: string): { width: number; height: number; hasViewBox: boolean } {
  const style = attributeOf(root, 'style') ?? ''
  const [width, height] = ['width', 'height'].map((side) => {
    const styled = new RegExp(`(?:^|;)\\s*${side}\\s*:([^;!]*)`, 'i').exec(style)?.[1]
    return lengthOf(styled ?? attributeOf(root, side) ?? '')
  }) as [number | null, number | null]
  const box = (attributeOf(root, 'viewBox') ?? '')
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number)
  const hasViewBox = box.length === 4 && box[2]! > 0 && box[3]! > 0
  const ratio = hasViewBox ? box[2]! / box[3]! : null
  if (width !== null && height !== null) return { width, height, hasViewBox }
  if (ratio === null)
    return {
      width: width ?? DEFAULT_WIDTH_PX,
      height: height ?? DEFAULT_HEIGHT_PX,
      hasViewBox,
    }
  if (height !== null) return { width: height * ratio, height, hasViewBox }
  const wide = width ?? DEFAULT_WIDTH_PX
  return { width: wide, height: wide / ratio, hasViewBox }
}

/** Returns a length in CSS pixels; null for none that stands by itself, such as a percentage. */
function lengthOf(text: string): number | null {
  const [, value, unit] =
    /^\s*\+?((?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const px = value === undefined ? undefined : UNIT_PX[unit!.toLowerCase()]
  return px === undefined ? null : Number(value) * px
}

const attribute = (name: string): RegExp => new RegExp(`(\\s${name}\\s*=\\s*)("[^"]*"|'[^']*')`)

const attributeOf = (tag: string, name: string): string | undefined =>
  attribute(name).exec(tag)?.[2]!.slice(1, -1)

/** Replaces or adds attributes. A style's width and height would count more, so they go. */
function withAttributes(tag: string, values: Readonly<Record<string, string>>): string {
  let changed = tag.replace(attribute('style'), (all) =>
    all.replace(/(^|[;"'])\s*(?:width|height)\s*:[^;"']*/gi, '$1'),
  )
  for (const [name, value] of Object.entries(values))
    changed = attribute(name).test(changed)
      ? changed.replace(attribute(name), `$1"${value}"`)
      : changed.replace(/^<[^\s/>]+/, `$& ${name}="${value}"`)
  return changed
}
