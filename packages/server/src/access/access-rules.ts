import { randomBytes } from 'node:crypto'
import { type AccessRule, dataOf, hashOf } from './records.ts'
import type { SecretCache } from './secret-cache.ts'
import { SerialTasks } from './serial-tasks.ts'

const CLOSED = { type: 'rule', passphrase: null, closesAt: null, wallLink: null } as const
const STAMP = JSON.stringify({ type: 'stamp' })

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
      this.#secrets.clear()
      const old = await this.of(board)
      const stamp = randomBytes(32).toString('hex')
      const rule = { ...(old ?? CLOSED), ...changes, stamp }
      // A rule never names a stamp that isn't there yet, and the old one goes when no new right rests on it.
      await this.#put(board, { hash: stamp, kind: 'session', data: STAMP })
      await this.#put(board, { hash: hashOf.rule(board), kind: 'link', data: JSON.stringify(rule) })
      if (old) await this.#secrets.remove(old.stamp)
      return rule
    })
  }

  async #put(
    board: string,
    secret: { hash: string; kind: 'link' | 'session'; data: string },
  ): Promise<void> {
    await this.#secrets.put({ ...secret, board, expiresAt: null })
  }
}
