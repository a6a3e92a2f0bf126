import { randomBytes } from 'node:crypto'

/** An epoch or a stamp. 48 bits: enough to tell two histories apart. */
export const newStamp = (): string => randomBytes(6).toString('base64url')

/** Names from outside reach no path and no table (F9). */
export const isSha256 = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)
