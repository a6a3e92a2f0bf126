import { createHash, randomInt, randomUUID, timingSafeEqual } from 'node:crypto'
import { chown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lettersOf } from './typed-code.ts'

/**
 * One-use codes that make a visitor the server's owner. They pass through the data folder, since a running server
 * may have its database to itself: `wirephoto owner-code` writes a hash there, and the server takes it away.
 */

/** Capital letters without vowels, so that no code is a word, and without Y. */
const ALPHABET = 'BCDFGHJKLMNPQRSTVWXZ'
/** One guess in 25 billion: a server lets 60 wrong tries a minute pass, so 600 in the life of a code. */
const CODE_LENGTH_COUNT = 8
const CODE_LIFE_MS = 10 * 60_000
const PRIVATE_MODE = 0o600
const CODE_FILE = 'wirephoto.owner-code'
const URL_FILE = 'wirephoto.url'

/** A code that was just made. */
export interface OwnerCode {
  /** As it is shown: two groups of four letters. */
  readonly code: string
  /** Milliseconds since 1970. */
  readonly endsAt: number
}

/** The content of the code's file. */
export interface StoredCode {
  readonly hash: string
  readonly endsAt: number
}

/** Makes a code that ends in ten minutes, in place of the folder's earlier one. Rejects as files do. */
export async function makeOwnerCode(data: string): Promise<OwnerCode> {
  const letters = Array.from(
    { length: CODE_LENGTH_COUNT },
    () => ALPHABET[randomInt(ALPHABET.length)],
  ).join('')
  const endsAt = Date.now() + CODE_LIFE_MS
  await writePrivately(data, CODE_FILE, JSON.stringify({ hash: ownerCodeHash(letters), endsAt }))
  return { code: `${letters.slice(0, 4)}-${letters.slice(4)}`, endsAt }
}

/**
 * Uses a code up, then calls `grant`. If that rejects, the code can be used again.
 *
 * @returns Whether it was the folder's code, and its time isn't over. Of several calls at once, one succeeds.
 */
export async function redeemOwnerCode(
  data: string,
  code: string,
  grant: () => Promise<void>,
): Promise<boolean> {
  const path = join(data, CODE_FILE)
  if (!isValid(await readStored(path), code)) return false
  const claimed = await claim(path)
  // Another code may have come into its place meanwhile.
  if (claimed === null || !isValid(claimed, code)) {
    if (claimed) await putBack(path, claimed)
    return false
  }
  await useUp(path, claimed, grant)
  return true
}

/**
 * Takes the code out of a folder, for `take` to keep it elsewhere. If that rejects, the folder has it again. Without a
 * code nothing is called.
 */
export async function takeOwnerCode(
  data: string,
  take: (code: StoredCode) => Promise<void>,
): Promise<void> {
  const path = join(data, CODE_FILE)
  const claimed = await claim(path)
  if (claimed && isInTime(claimed)) await useUp(path, claimed, () => take(claimed))
}

/** Notes where a server is reached, for `wirephoto owner-code`. */
export const noteServerUrl = (data: string, url: string): Promise<void> =>
  writePrivately(data, URL_FILE, `${url}\n`)

/** Returns where the server of this folder is reached; null if none has noted it. */
export async function readServerUrl(data: string): Promise<string | null> {
  const text = await readFile(join(data, URL_FILE), 'utf8').catch(nullIfMissing)
  return text?.trim() || null
}

/** Returns the hash of a code, as somebody typed it. */
export const ownerCodeHash = (code: string): string =>
  createHash('sha256')
    .update(`owner-code\0${lettersOf(code)}`)
    .digest('hex')

function isValid(stored: StoredCode | null, code: string): boolean {
  if (stored === null) return false
  const given = Buffer.from(ownerCodeHash(code))
  const known = Buffer.from(stored.hash)
  const isSame = given.length === known.length && timingSafeEqual(given, known)
  return isSame && isInTime(stored)
}

function isInTime({ endsAt }: StoredCode): boolean {
  const restMs = endsAt - Date.now()
  // A clock that was set back gives no code more time than it had.
  return restMs > 0 && restMs <= CODE_LIFE_MS
}

/** Takes the code's file away. Resolves to its content; to null where another call has it. */
async function claim(path: string): Promise<StoredCode | null> {
  const taken = `${path}.${randomUUID()}`
  try {
    await rename(path, taken)
  } catch (error) {
    return nullIfMissing(error)
  }
  const stored = await readStored(taken)
  await rm(taken, { force: true })
  return stored
}

/** Calls `use`. If it rejects, the code's file comes back. */
async function useUp(path: string, code: StoredCode, use: () => Promise<void>): Promise<void> {
  try {
    await use()
  } catch (error) {
    await putBack(path, code)
    throw error
  }
}

/** Writes a code again whose use failed, unless there is another one by now. */
async function putBack(path: string, stored: StoredCode): Promise<void> {
  try {
    await writeFile(path, JSON.stringify(stored), { flag: 'wx', mode: PRIVATE_MODE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

async function readStored(path: string): Promise<StoredCode | null> {
  const text = await readFile(path, 'utf8').catch(nullIfMissing)
  if (text === null) return null
  try {
    const { hash, endsAt } = JSON.parse(text) as Partial<StoredCode>
    return typeof hash === 'string' && typeof endsAt === 'number' ? { hash, endsAt } : null
  } catch {
    return null
  }
}

/** Replaces a file as a whole, readable by the folder's owner alone. */
async function writePrivately(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name)
  const fresh = `${path}.${randomUUID()}`
  try {
    await writeFile(fresh, text, { flag: 'wx', mode: PRIVATE_MODE })
    // The server may run as another user than root, who runs this.
    if (process.getuid?.() === 0) {
      const { uid, gid } = await stat(folder)
      await chown(fresh, uid, gid)
    }
    await rename(fresh, path)
  } catch (error) {
    await rm(fresh, { force: true })
    throw error
  }
}

function nullIfMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
  throw error
}
