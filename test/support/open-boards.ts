import { randomBytes } from 'node:crypto'
import { openEngine } from '@wirephoto/engine'

/** Boards that a server takes for made before links: they open by their address, for tests of other things. */
export class OpenBoards {
  readonly #ids: string[]

  private constructor(ids: string[]) {
    this.#ids = ids
  }

  /** Makes boards in an engine's storage. A file's server must not run meanwhile, since it locks them. */
  static async make(engineUrl: string, count: number): Promise<OpenBoards> {
    const ids = Array.from({ length: count }, () => randomBytes(16).toString('base64url'))
    const engine = await openEngine(engineUrl)
    try {
      await Promise.all(ids.map((id) => engine.boards.create(id)))
    } finally {
      await engine.close()
    }
    return new OpenBoards(ids)
  }

  /** Returns one that no test has yet. Throws if none is left. */
  next(): string {
    const id = this.#ids.pop()
    if (id === undefined)
      throw new Error('No open board is left: make more before the server starts')
    return id
  }
}
