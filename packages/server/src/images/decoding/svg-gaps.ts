import { utf16Encoding } from '@wirephoto/board'
import { replaceBetween } from '../metadata/replace-between.ts'

/** A part of an SVG that isn't drawn as people see it in a browser's window. */
interface Gap {
  /** As people call it. */
  readonly part: string
  readonly mark: RegExp
  /** Whether a browser doesn't draw it either where the SVG is a picture. */
  readonly isMissingInBrowser?: true
}

const GAPS: readonly Gap[] = [
  { part: 'the text of its labels', mark: /<(?:\w+:)?foreignObject[\s>]/ },
  {
    part: 'colours of its style sheet',
    mark: /\bvar\(\s*--|\b(?:color-mix|light-dark|color|lab|lch|oklab|oklch|hwb)\(/i,
  },
  { part: 'sizes of its style sheet', mark: /\b(?:calc|clamp|min|max|env)\(/i },
  { part: 'rules of its style sheet', mark: /@(?:media|supports|layer|container|scope)\b/i },
  { part: 'fonts of its own', mark: /@font-face\b/i },
  {
    part: 'pictures from elsewhere',
    mark: /<(?:\w+:)?(?:image|feImage)\b[^<>]*\bhref\s*=\s*["']\s*(?!data:|#)[^"'\s]/,
    isMissingInBrowser: true,
  },
  {
    part: 'style sheets from elsewhere',
    mark: /@import\b|<\?xml-stylesheet\b|<link\b/i,
    isMissingInBrowser: true,
  },
  {
    part: 'motion',
    mark: /<(?:\w+:)?(?:animate|animateTransform|animateMotion|set)[\s>/]|@keyframes\b/,
    isMissingInBrowser: true,
  },
  {
    part: 'parts that its script adds',
    mark: /<(?:\w+:)?script[\s>]/,
    isMissingInBrowser: true,
  },
]

/**
 * Returns the parts of an SVG that are missing where librsvg has drawn it, or a browser as a picture. None for
 * most.
 */
export function svgGaps(svg: Buffer, drawnBy: 'server' | 'browser'): string[] {
  const source = new TextDecoder(utf16Encoding(svg) ?? 'utf-8').decode(svg)
  const text = replaceBetween(source, '<!--', '-->', () => '')
  return GAPS.filter(
    ({ mark, isMissingInBrowser }) =>
      (drawnBy === 'server' || isMissingInBrowser) && mark.test(text),
  ).map(({ part }) => part)
}
