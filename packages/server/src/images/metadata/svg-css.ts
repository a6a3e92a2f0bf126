import { blank } from './blank.ts'

/** A link in a style sheet, or any other text in quotes. Attributes may write a quote as an entity. */
const LINK_OR_STRING =
  /(url\(\s*)("[^"]*"|'[^']*'|&quot;[^]*?&quot;|&apos;[^]*?&apos;|&#3[49];[^]*?&#3[49];|[^()"']*)|(@import\s+)?("[^"]*"|'[^']*')/gi
const QUOTE = /^\s*(?:["']|&quot;|&apos;|&#3[49];)?/
/** Addresses on a disk. */
const DISK = /^\s*(?:file:|\/(?:home|users|volumes|mnt|media)\/|~\/|[a-z]:[\\/]|\\\\)/i
/** Links within the file and into the net, without the name of a user. */
const KEPT_LINK = /^\s*(?:$|#|https?:(?!\/\/[^/?#]*@))/i

/** Scrubs the data URL that it is given. */
type DataUrlScrubbing = (url: string) => string

/**
 * Overwrites a style sheet's comments, and links to a disk. `isInComment` says whether the text begins within a
 * comment, and in the result, whether it ends within one.
 */
export function scrubCss(
  css: string,
  dataUrl: DataUrlScrubbing,
  isInComment = false,
): { css: string; isInComment: boolean } {
  const out: string[] = []
  for (let at = 0, isInside = isInComment; ; isInside = !isInside) {
    const mark = isInside ? '*/' : '/*'
    // A comment's start is no part of its end.
    const from = isInside && css.startsWith('/*', at) && !(at === 0 && isInComment) ? at + 2 : at
    const found = css.indexOf(mark, from)
    const end = found < 0 ? css.length : isInside ? found + 2 : found
    const part = css.slice(at, end)
    out.push(isInside ? blank(part) : scrubCssLinks(part, dataUrl))
    if (found < 0) return { css: out.join(''), isInComment: isInside }
    at = end
  }
}

/** Overwrites the links to a disk in a style sheet without comments, or in an attribute. */
export function scrubCssLinks(css: string, dataUrl: DataUrlScrubbing): string {
  return css.replaceAll(
    LINK_OR_STRING,
    (all: string, url?: string, address?: string, at?: string, string?: string) => {
      if (url !== undefined) return url + inQuotes(address!, (link) => scrubLink(link, dataUrl))
      if (at !== undefined) return at + inQuotes(string!, (link) => scrubLink(link, dataUrl))
      return inQuotes(all, (text) =>
        text.trimStart().startsWith('data:') ? dataUrl(text) : isOnDisk(text) ? blank(text) : text,
      )
    },
  )
}

/** Keeps links within the file and into the net. A path would tell of the sender's disk. */
export function scrubLink(link: string, dataUrl: DataUrlScrubbing): string {
  if (link.trimStart().startsWith('data:')) return dataUrl(link)
  return KEPT_LINK.test(link) ? link : blank(link)
}

/** Returns whether a text is an address on a disk. */
export const isOnDisk = (text: string): boolean => DISK.test(text)

function inQuotes(text: string, edit: (text: string) => string): string {
  const [start] = QUOTE.exec(text)!
  const mark = start.trimStart()
  const end = mark !== '' && text.endsWith(mark) && text.length > start.length ? mark : ''
  return start + edit(text.slice(start.length, text.length - end.length)) + end
}
