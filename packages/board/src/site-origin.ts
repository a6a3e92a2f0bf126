/** A URL in its parts, as `URL` has them. */
interface ParsedUrl {
  readonly protocol: string
  readonly origin: string
  readonly href: string
}

/** Returns the origin of a site such as `https://site.example`; null if the URL is that of a page, or of no site. */
export function siteOriginOf({ protocol, origin, href }: ParsedUrl): string | null {
  return /^https?:$/.test(protocol) && href === `${origin}/` ? origin : null
}
