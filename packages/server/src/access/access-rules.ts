import { randomBytes } from 'node:crypto'
import { WireError } from '@wirephoto/board'
import type { Secret } from '@wirephoto/engine'
import { type AccessRule, dataOf, hashOf } from './records.ts'
import type { SecretCache } from './secret-cache.ts'
import { SerialTasks } from './serial-tasks.ts'

const CLOSED = { type: 'rule', passphrase: null, closesAt: null, wallLink: null } as const
const STAMP = JSON.stringify({ type: 'stamp' })
/** More than there are servers that change one board's rule at the same moment. */
const TRIES_COUNT = 10

/** The rules of boards that open by links. A board without one opens by its address. */
export class AccessRules {
  readonly #secrets: SecretCache
  readonly #changes = new SerialTasks()

  constructor(secrets: SecretCache) {
    this.#secrets = secrets
  }

  /** Forgets the rule of a board that was removed. */
  forget(board: string): void {
    this.#secrets.forget(hashOf.rule(board))
  }

  /** Returns the rule of a board; null if it opens by its address. */
  async of(board: string): Promise<AccessRule | null> {
    const secret = await this.#secrets.get(hashOf.rule(board))
    return secret && dataOf('rule', secret.data)
  }

  /**
   * Changes a board's rule, and lets the board open by links alone. All rights on it are looked up again, on every
   * server. Rejects with `unknown-board`.
   */
  change(
    board: string,
    changes: Partial<Pick<AccessRule, 'passphrase' | 'closesAt' | 'wallLink'>> = {},
  ): Promise<AccessRule> {
    return this.#changes.run(board, async () => {
      for (let tries = 0; tries < TRIES_COUNT; tries++) {
        this.#secrets.clear()
        const known = await this.#secrets.get(hashOf.rule(board))
        const old = known && dataOf('rule', known.data)
        const stamp = randomBytes(32).toString('hex')
        const rule = { ...(old ?? CLOSED), ...changes, stamp }
        // A rule never names a stamp that isn't there yet, and the old one goes when no new right rests on it.
        await this.#secrets.put(secretOf(board, 'session', stamp, STAMP))
        const changed = secretOf(board, 'link', hashOf.rule(board), JSON.stringify(rule))
        if (await this.#secrets.replace(changed, known?.data ?? null)) {
          if (old) await this.#secrets.remove(old.stamp)
          return rule
        }
        // Another server has changed it meanwhile, and that must stay.
        await this.#secrets.remove(stamp)
      }
      throw new WireError('busy')
    })
  }
}

const secretOf = (board: string, kind: Secret['kind'], hash: string, data: string): Secret => ({
  hash,
  board,
  kind,
  data,
  expiresAt: null,
})
