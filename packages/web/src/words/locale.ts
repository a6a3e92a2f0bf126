/** The page's language tag, as the browser or the person asks for it: `en-GB`, `ar`. */
export const locale: string = globalThis.document?.documentElement.lang || 'en'
