import { createHash } from 'node:crypto'
import type { Engine } from '@wirephoto/engine'
import { DEFAULT_BOARD_ID } from './boards/boards.ts'

/** The boards of one engine, whichever servers serve them. */
export interface Installation {
  /** Eight hex digits. Another installation has others. */
  readonly id: string
  /** In milliseconds since 1970. */
  readonly madeAt: number
}

/**
 * Tells an installation by the time at which its front board was made, which nothing changes later. The board's epoch
 * would change with a restored backup.
 */
export async function installationOf({ boards }: Pick<Engine, 'boards'>): Promise<Installation> {
  const all = await boards.list()
  const { createdAt: madeAt } = all.find(({ board }) => board === DEFAULT_BOARD_ID)!
  return { id: createHash('sha256').update(String(madeAt)).digest('hex').slice(0, 8), madeAt }
}
