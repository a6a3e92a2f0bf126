import { createHash } from 'node:crypto'

/** A picture on the page. */
interface OfflinePicture {
  /** The path of its file, for a click. */
  readonly file: string
  /** The path of what browsers show. */
  readonly shown: string
  readonly caption: string
  readonly by: string
  readonly name: string
  readonly width: number
  readonly height: number
}

interface OfflineBoard {
  readonly title: string
  readonly pictures: readonly OfflinePicture[]
}

const ROW_HEIGHT_PX = 220
/** The widest and the narrowest that a picture counts as, so that a panorama leaves room beside it. */
const MAX_ASPECT_FACTOR = 4
const MIN_ASPECT_FACTOR = 0.4

/** Rows are filled by what each picture is wide; the last one is filled up by nothing. */
const STYLE = `:root{color-scheme:light dark;font:16px/1.4 system-ui,sans-serif}
body{margin:0;padding:24px;background:#fafafa;color:#222}
h1{font-size:20px;font-weight:600;margin:0 0 16px}
main{display:flex;flex-wrap:wrap;gap:8px}
main::after{content:"";flex-grow:1e9}
figure{margin:0;position:relative;min-width:0}
a{display:block;height:100%}
img{display:block;width:100%;height:100%;object-fit:contain;background:#0001}
figcaption{font-size:13px;padding:4px 0 8px;overflow-wrap:anywhere}
small{opacity:.7}
@media (prefers-color-scheme:dark){body{background:#161616;color:#eee}img{background:#fff1}}
@media print{body{padding:0}figure{break-inside:avoid}}`

/** The page may show the pictures beside it, and do nothing else: it has no script, and asks nobody. */
const POLICY = `default-src 'none'; img-src 'self' file:; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; style-src-attr 'unsafe-inline'; form-action 'none'; base-uri 'none'`

/** Makes a page that shows a board without a server: all its pictures in rows, with captions and names. */
export function offlinePage({ title, pictures }: OfflineBoard): string {
  const shown = escape(title || 'Pictures')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer">
<title>${shown}</title>
<style>${STYLE}</style>
<h1>${shown}</h1>
<main>
${pictures.map(figure).join('\n')}
</main>
`
}

function figure({ file, shown, caption, by, name, width, height }: OfflinePicture): string {
  const aspect = Math.max(MIN_ASPECT_FACTOR, Math.min(width / height, MAX_ASPECT_FACTOR))
  const basis = Math.round(aspect * ROW_HEIGHT_PX)
  const text = caption ? `${escape(caption)} ` : ''
  const author = by ? `<small>${escape(by)}</small>` : ''
  const words = text || author ? `<figcaption dir="auto">${text}${author}</figcaption>` : ''
  return `<figure style="flex:${aspect.toFixed(3)} 1 ${basis}px"><a href="${path(file)}"><img src="${path(shown)}" width="${width}" height="${height}" style="aspect-ratio:${width}/${height};height:auto" alt="${escape(caption || name)}" loading="lazy"></a>${words}</figure>`
}

/** Makes the address of a file beside the page. */
const path = (file: string): string => file.split('/').map(encodeURIComponent).join('/')

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escape = (text: string): string => text.replace(/[&<>"']/g, (each) => ENTITIES[each]!)
