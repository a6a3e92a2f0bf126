import { type AccessRule, dataOf, hashOf } from './records.ts'
import type { SecretCache } from './secret-cache.ts'

const CLOSED: AccessRule = { type: 'rule', passphrase: null, closesAt: null, wallLink: null }

/** The rules of boards that open by links. A board without one opens by its address. */
export class AccessRules {
  readonly #secrets: SecretCache

  constructor(secrets: SecretCache) {
    this.#secrets = secrets
  }

  /** Returns the rule of a board; null if it opens by its address. */
  async of(board: string): Promise<AccessRule | null> {
    const secret = await this.#secrets.get(hashOf.rule(board))
    return secret && dataOf('rule', secret.data)
  }

  /** Lets a board open by links alone. Rejects with `unknown-board`. */
  async close(board: string): Promise<void> {
    await this.set(board, (await this.of(board)) ?? CLOSED)
  }

  /** Sets a board's rule. Rejects with `unknown-board`. */
  async set(board: string, rule: AccessRule): Promise<void> {
    await this.#secrets.put({
      hash: hashOf.rule(board),
      board,
      kind: 'link',
      data: JSON.stringify(rule),
      expiresAt: null,
    })
  }
}
