/** Parts of an SVG that librsvg leaves out or draws in another way than browsers, as people call them. */
const GAPS: readonly (readonly [part: string, mark: RegExp])[] = [
  ['the text of its labels', /<(?:\w+:)?foreignObject[\s>]/],
  [
    'colours of its style sheet',
    /\bvar\(\s*--|\b(?:color-mix|light-dark|color|lab|lch|oklab|oklch|hwb)\(/i,
  ],
  ['sizes of its style sheet', /\b(?:calc|clamp|min|max|env)\(/i],
  ['rules of its style sheet', /@(?:media|supports|layer|container|scope)\b/i],
  [
    'pictures from elsewhere',
    /<(?:\w+:)?(?:image|feImage)\b[^>]*\bhref\s*=\s*["']\s*(?!data:|#)[^"'\s]/,
  ],
  ['style sheets from elsewhere', /@import\b|<\?xml-stylesheet\b|<link\b/i],
  ['fonts of its own', /@font-face\b/i],
  ['motion', /<(?:\w+:)?(?:animate|animateTransform|animateMotion|set)[\s>/]|@keyframes\b/],
  ['parts that its script adds', /<(?:\w+:)?script[\s>]/],
]

/** Returns the parts of an SVG that aren't drawn as a browser draws them; none for most. */
export function svgGaps(svg: Buffer): string[] {
  const isUtf16 = svg[0] === 0xff && svg[1] === 0xfe
  const text = svg.toString(isUtf16 ? 'utf16le' : 'utf8').replace(/<!--[^]*?-->/g, '')
  return GAPS.filter(([, mark]) => mark.test(text)).map(([part]) => part)
}
