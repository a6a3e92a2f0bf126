import { uuidv7 } from '@wirephoto/board'

/** A new UUIDv7. (`crypto.randomUUID` doesn't exist on a plain-http page, `getRandomValues` does.) */
export const newId = (now: number): string =>
  uuidv7(now, crypto.getRandomValues(new Uint8Array(10)))

/** 128 random bits in base64url: a visitor's token. */
export const newToken = (): string =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
