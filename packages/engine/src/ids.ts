import { randomBytes } from 'node:crypto'

/** Makes a random epoch, stamp or server id. 48 bits are enough to tell two histories apart. */
export const newStamp = (): string => randomBytes(6).toString('base64url')

/** Checks a blob's name. Names come from outside and must not reach a path or a table (F9). */
export const isSha256 = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)
