import { uuidv7 } from '@wirephoto/board'

// `crypto.randomUUID` doesn't exist on a plain-http page; `getRandomValues` does.
const random = (bytes: number): Uint8Array<ArrayBuffer> =>
  crypto.getRandomValues(new Uint8Array(bytes))

/** Returns a new UUIDv7 of this time, in milliseconds since 1970. */
export const newId = (now: number): string => uuidv7(now, random(10))

/** Returns the headers that say who asks: none in a browser without a token, since it has a cookie. */
export function authorization(token: string | undefined): Record<string, string> {
  const isPage = typeof document !== 'undefined' || typeof location !== 'undefined'
  if (token === undefined && isPage) return {}
  return { authorization: `Bearer ${token ?? newToken()}` }
}

/** Returns 128 random bits in base64url. */
const newToken = (): string =>
  btoa(String.fromCharCode(...random(16)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
