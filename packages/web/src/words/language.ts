/*
 * `public/theme.js` chooses the page's language before the first paint. Unless that is English, it also has the
 * sentences loaded beside the page's script, as `translations`.
 */

import { type ErrorCode, type ErrorFacts, errorMessages } from '@wirephoto/board'

declare global {
  /** The tables of `words/<language>/index.ts`; undefined where the page is in English. */
  var translations: Record<string, object> | undefined
}

const { translations } = globalThis
Object.assign(errorMessages, translations?.['errors'])

/** Returns a table in the page's language. The English one is part of the page. */
export const inLanguage = <const T extends object>(name: string, english: T): T => ({
  ...english,
  ...translations?.[name],
})

/** An error, as the page made it or was told of it. */
interface Told {
  readonly code: ErrorCode
  readonly message: string
  readonly facts?: ErrorFacts
}

/** Returns an error's sentence in the page's language. The server's own is English, and tells more. */
export const messageOf = ({ code, message, facts }: Told): string =>
  (translations && errorMessages[code]?.(facts ?? {})) || message
