import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { SerialTasks } from './serial-tasks.ts'

/** The cost that OWASP's list names beside 2^17 with one pass, in an eighth of its memory: 16 MB. */
const COST = { N: 16_384, r: 8, p: 5 } as const
const SALT_BYTES = 16
const HASH_BYTES = 32

const derive = promisify<string, Buffer, number, typeof COST, Buffer>(scrypt)

/** Passphrases as they are stored: salted, and slow to guess. They take their turns, so that memory stays bounded. */
export class Passphrases {
  readonly #turns = new SerialTasks()

  /** Returns what is stored of a passphrase. */
  async seal(passphrase: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES)
    const hash = await this.#hash(passphrase, salt)
    return `scrypt:${salt.toString('base64url')}:${hash.toString('base64url')}`
  }

  /** Whether a passphrase is the one that was stored. */
  async isRight(passphrase: string, sealed: string): Promise<boolean> {
    const [, salt = '', hash = ''] = sealed.split(':')
    const found = await this.#hash(passphrase, Buffer.from(salt, 'base64url'))
    return timingSafeEqual(found, Buffer.from(hash, 'base64url'))
  }

  /** The same words are the same passphrase, however a keyboard writes their letters. */
  #hash(passphrase: string, salt: Buffer): Promise<Buffer> {
    return this.#turns.run('', () => derive(passphrase.normalize('NFKC'), salt, HASH_BYTES, COST))
  }
}

/** Names the passphrase that somebody has given, so that another one asks them again. */
export const passphraseMark = (sealed: string): string =>
  createHash('sha256').update(sealed).digest('base64url').slice(0, 16)
