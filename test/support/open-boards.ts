import { createHash, randomBytes } from 'node:crypto'
import { openEngine } from '@wirephoto/engine'

/** The people who can own each board: a test has few. */
const OWNERS_PER_BOARD_COUNT = 8

/**
 * Boards that a server takes for made before links: everybody edits them by their address, for tests of other
 * things. Each has some links that give the role own, since a link's bearers are one visitor.
 */
export class OpenBoards {
  readonly #ids: string[]
  readonly #owners: ReadonlyMap<string, string[]>

  private constructor(owners: ReadonlyMap<string, string[]>) {
    this.#ids = [...owners.keys()]
    this.#owners = owners
  }

  /** Makes boards in an engine's storage. A file's server must not run meanwhile, since it locks them. */
  static async make(engineUrl: string, count: number): Promise<OpenBoards> {
    const engine = await openEngine(engineUrl)
    const owners = new Map<string, string[]>()
    const make = async (): Promise<void> => {
      const board = random()
      const secrets = Array.from({ length: OWNERS_PER_BOARD_COUNT }, random)
      owners.set(board, secrets)
      await engine.boards.create(board)
      await Promise.all(secrets.map((secret) => engine.secrets.put(ownLink(board, secret))))
    }
    try {
      // Together, since an engine syncs once for all writes that wait.
      await Promise.all(Array.from({ length: count }, make))
    } finally {
      await engine.close()
    }
    return new OpenBoards(owners)
  }

  /** Returns one that no test has yet. Throws if none is left. */
  next(): string {
    const id = this.#ids.pop()
    if (id === undefined)
      throw new Error('No open board is left: make more before the server starts')
    return id
  }

  has(board: string): boolean {
    return this.#owners.has(board)
  }

  /** Returns the bearer token of somebody who owns the board, another one at each call. Throws if none is left. */
  nextOwner(board: string): string {
    const secret = this.#owners.get(board)?.pop()
    if (secret === undefined) throw new Error(`No owner of ${board} is left`)
    return secret
  }
}

const random = (): string => randomBytes(16).toString('base64url')

const ownLink = (board: string, secret: string) => ({
  hash: createHash('sha256').update(secret).digest('hex'),
  board,
  kind: 'link' as const,
  data: JSON.stringify({
    type: 'link',
    id: random(),
    role: 'own',
    label: '',
    madeAt: Date.now(),
    origin: null,
  }),
  expiresAt: null,
})
