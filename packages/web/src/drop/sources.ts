/** A place where a picture can be had. */
export type Source =
  | { readonly kind: 'file'; readonly file: File }
  | { readonly kind: 'web'; readonly url: string }
  /** A page's own memory, or this computer: nobody else can read it. */
  | { readonly kind: 'closed' }

/** Lazy pages hold the place of a picture with less than this. It is taken only if there is nothing else. */
const PLACEHOLDER_BYTES = 100

/**
 * Returns the pictures in what is dropped or pasted, in groups: if none of a group is a picture, the next one
 * may be. Pictures of another page come before the links around them, and links before plain text.
 */
export function sourcesIn(data: ReadonlyMap<string, string>): Source[][] {
  const page = new DOMParser().parseFromString(data.get('text/html') ?? '', 'text/html')
  const images = [...page.querySelectorAll('img')].map((image) => image.getAttribute('src'))
  const listed = linesOf(data.get('text/uri-list'))
  const written = linesOf(data.get('text/plain'))
  const seen = new Set<string>()
  const groups = [
    images,
    // RFC 2483 section 5: lines with # are comments.
    listed.filter((line) => !line.startsWith('#')),
    // Text is taken for addresses only if all of it is.
    written.every((line) => ADDRESS.test(line)) ? written : [],
  ].map((addresses) =>
    addresses.flatMap((address) => {
      if (!address || seen.has(address)) return []
      seen.add(address)
      return sourceAt(address) ?? []
    }),
  )
  const isPlaceholder = (source: Source): boolean =>
    source.kind === 'file' && source.file.size < PLACEHOLDER_BYTES
  return [
    ...groups.map((group) => group.filter((source) => !isPlaceholder(source))),
    groups.flat().filter(isPlaceholder),
  ].filter((group) => group.length > 0)
}

const ADDRESS = /^(?:https?:\/\/|data:image\/)\S+$/i

const linesOf = (text = ''): string[] =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(Boolean)

function sourceAt(address: string): Source | null {
  if (/^data:/i.test(address)) {
    const file = fileOf(address)
    return file && { kind: 'file', file }
  }
  // Copied pages may name hosts without a scheme.
  const url = address.replace(/^\/\//, 'https://')
  if (/^https?:/i.test(url)) return URL.canParse(url) ? { kind: 'web', url } : null
  return /^(?:blob|file|filesystem|cid):/i.test(url) ? { kind: 'closed' } : null
}

/** Decodes a picture's `data:` URL (RFC 2397); null for anything else. */
function fileOf(address: string): File | null {
  const [, type, base64, body = ''] =
    /^data:(image\/[\w.+-]+)[^,]*?(;base64)?,(.*)$/is.exec(address) ?? []
  if (!type) return null
  try {
    const bytes = base64 ? bytesOf(atob(percentDecoded(body))) : bytesOf(percentDecoded(body))
    return new File([bytes], `picture.${type.replace(/^image\/(?:x-)?|\+.*$/gi, '')}`, { type })
  } catch {
    return null
  }
}

/** Returns text with one character for each byte. */
const percentDecoded = (text: string): string =>
  text
    .replace(/[^\0-\x7f]+/g, encodeURIComponent)
    .replace(/%([\da-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))

const bytesOf = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (character) => character.charCodeAt(0))
