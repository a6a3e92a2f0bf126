import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Secret } from '@wirephoto/engine'
import type { FastifyBaseLogger } from 'fastify'
import { DEFAULT_BOARD_ID } from '../boards/boards.ts'
import { inBackground } from '../in-background.ts'
import { ownerCodeHash, redeemOwnerCode, type StoredCode, takeOwnerCode } from './owner-code.ts'
import { dataOf } from './records.ts'
import type { SecretCache } from './secret-cache.ts'

/** How often a server looks for a code that was made beside it. */
const LOOK_INTERVAL_MS = 1_000

interface OwnerCodesOptions {
  /** The data folder, which owner codes pass through. */
  readonly data: string
  readonly secrets: SecretCache
  /** Whether other servers have the same engine. */
  readonly isShared: boolean
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>
}

/**
 * The owner codes of a server. Where several share an engine, people reach any of them by one address. So each brings
 * the code of its folder there, and every one takes it.
 */
export class OwnerCodes {
  readonly #data: string
  readonly #secrets: SecretCache
  readonly #isShared: boolean
  /** Tells this folder's codes from those of other servers: a new one ends the one before. */
  readonly #place: string
  readonly #timer: NodeJS.Timeout | undefined

  constructor({ data, secrets, isShared, log }: OwnerCodesOptions) {
    this.#data = data
    this.#secrets = secrets
    this.#isShared = isShared
    this.#place = createHash('sha256')
      .update(`${hostname()}\0${resolve(data)}`)
      .digest('hex')
    if (isShared)
      // A code that couldn't be brought lies in the folder again.
      this.#timer = setInterval(() => inBackground(this.#bring(), log), LOOK_INTERVAL_MS).unref()
  }

  /**
   * Uses a code up, then calls `grant`. If that rejects, the code can be used again.
   *
   * @returns Whether it is one. Of several calls at once, on whatever servers, one succeeds.
   */
  async redeem(code: string, grant: () => Promise<void>): Promise<boolean> {
    if (!this.#isShared) return redeemOwnerCode(this.#data, code, grant)
    await this.#bring()
    const known = await this.#secrets.get(ownerCodeHash(code))
    if (!known || !dataOf('owner-code', known.data)) return false
    if (!(await this.#secrets.remove(known.hash))) return false
    try {
      await grant()
      return true
    } catch (error) {
      await this.#secrets.put(known)
      throw error
    }
  }

  /** Looks no more. */
  close(): void {
    clearInterval(this.#timer)
  }

  /** Brings the folder's code to the engine, in place of the one before. */
  #bring(): Promise<void> {
    return takeOwnerCode(this.#data, async (code) => {
      const before = (await this.#secrets.list(DEFAULT_BOARD_ID)).filter((each) =>
        this.#isOwn(each),
      )
      await this.#secrets.put(this.#secretOf(code))
      for (const { hash } of before) if (hash !== code.hash) await this.#secrets.remove(hash)
    })
  }

  #secretOf({ hash, endsAt }: StoredCode): Secret {
    const data = JSON.stringify({ type: 'owner-code', place: this.#place })
    return { hash, board: DEFAULT_BOARD_ID, kind: 'link', data, expiresAt: endsAt }
  }

  #isOwn({ kind, data }: Secret): boolean {
    return kind === 'link' && dataOf('owner-code', data)?.place === this.#place
  }
}
