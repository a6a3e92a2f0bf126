import { createHmac } from 'node:crypto'
import { type Role, WireError } from '@wirephoto/board'
import type { AccessRules } from './access-rules.ts'
import type { Link, Links } from './links.ts'
import { dataOf, hashOf } from './records.ts'
import type { SecretCache } from './secret-cache.ts'
import { lettersOf } from './typed-code.ts'

/** Letters that nobody takes for another one, and that make no words: no vowels, no L, Q or Y. */
const LETTERS = 'BCDFGHJKMNPRSTVWXZ'
const CODE_LENGTH = 6
const RENEWED_MS = 10 * 60_000
const VALID_MS = 60 * 60_000
/** Codes of one board and time that are tried until one is free. */
const CODES_COUNT = 4

/** A code that a wall shows. */
export interface JoinCode {
  readonly code: string
  /** The role of those who come by it. */
  readonly role: Role
  /** When it ends, in milliseconds since 1970. */
  readonly until: number
  /** When the next one comes, in milliseconds since 1970. */
  readonly renewsAt: number
}

/**
 * The short codes that walls show, each for the link that the board's owner chose. Every server finds the same one,
 * by the link and the time. The engine has the hashes of those that were shown.
 */
export class JoinCodes {
  readonly #secrets: SecretCache
  readonly #rules: AccessRules
  readonly #links: Links

  constructor(secrets: SecretCache, rules: AccessRules, links: Links) {
    this.#secrets = secrets
    this.#rules = rules
    this.#links = links
  }

  /** Returns the code of this time. Rejects with `no-wall-link` where the owner has chosen none. */
  async current(board: string, now = Date.now()): Promise<JoinCode> {
    const wallLink = (await this.#rules.of(board))?.wallLink ?? null
    const link = wallLink === null ? null : await this.#links.byId(board, wallLink)
    if (!mayInvite(link)) throw new WireError('no-wall-link')
    const start = now - (now % RENEWED_MS)
    const until = start + VALID_MS
    for (let n = 0; n < CODES_COUNT; n++) {
      const code = codeOf(link.hash, start, n)
      const hash = hashOf.code(code)
      const known = await this.#secrets.get(hash)
      const by = known && dataOf('code', known.data)?.link
      if (known && by !== link.hash) continue
      if (!known) {
        const data = JSON.stringify({ type: 'code', link: link.hash })
        await this.#secrets.put({ hash, board, kind: 'link', data, expiresAt: until })
      }
      return { code, role: link.role, until, renewsAt: start + RENEWED_MS }
    }
    throw new WireError('busy')
  }

  /** Finds the board and the link of a code, as somebody typed it. Rejects with `wrong-code`. */
  async find(typed: string): Promise<{ board: string; link: Link }> {
    const found = await this.#secrets.get(hashOf.code(lettersOf(typed)))
    const code = found && dataOf('code', found.data)
    const link = code && (await this.#links.byHash(found.board, code.link))
    // The owner may have chosen another link since, or none.
    if (!found || !mayInvite(link)) throw new WireError('wrong-code')
    const rule = await this.#rules.of(found.board)
    if (rule?.wallLink !== link.id) throw new WireError('wrong-code')
    return { board: found.board, link }
  }
}

/** Whether a wall may invite by a link. Who owns a board could take it from its owner. */
export const mayInvite = (link: Link | null): link is Link => link !== null && link.role !== 'own'

/** Returns the nth code that a link has in the time that begins then. */
function codeOf(link: string, start: number, n: number): string {
  const bytes = createHmac('sha256', link).update(`join\0${start}\0${n}`).digest()
  let number = bytes.readBigUInt64BE()
  let code = ''
  for (let i = 0; i < CODE_LENGTH; i++) {
    code += LETTERS[Number(number % BigInt(LETTERS.length))]
    number /= BigInt(LETTERS.length)
  }
  return code
}
