import type { Command } from '@wirephoto/board'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'

/** A command that nobody has answered yet. What was put under a client and number never changes (F3). */
export interface SavedCommand {
  readonly board: string
  readonly client: string
  readonly n: number
  readonly command: Command
}

/** The file of a picture that isn't stored yet. */
export interface SavedFile {
  readonly board: string
  /** The picture's id. */
  readonly id: string
  readonly name: string
  readonly file: Blob
}

/**
 * What outlives a page: commands that nobody has answered yet, and files that aren't stored yet. Each
 * call is atomic, and several pages may share one store.
 */
export interface Store {
  /** What pages of this board have left, by client and number. */
  commands(board: string): Promise<SavedCommand[]>
  putCommands(commands: readonly SavedCommand[]): Promise<void>
  /** Forgets a client's commands up to number `n`. */
  settle(client: string, n: number): Promise<void>
  /** Takes all that is left of a client's commands: of several pages that ask, one gets them. */
  take(client: string): Promise<SavedCommand[]>
  files(board: string): Promise<SavedFile[]>
  putFile(file: SavedFile): Promise<void>
  removeFile(id: string): Promise<void>
  /** True if `page` is the one that may send this file until then (milliseconds since 1970). */
  claim(id: string, page: string, until: number): Promise<boolean>
  /** Lets go of files that one has claimed. */
  release(ids: readonly string[]): Promise<void>
  close(): void
}

/** IndexedDB where there is one that works, else memory (private windows, Node). */
export async function defaultStore(): Promise<Store> {
  if (typeof indexedDB === 'undefined') return memoryStore()
  return openDatabase().catch(memoryStore)
}

/** Forgets everything when the page goes. Several boards of one process may share it. */
export function memoryStore(): Store {
  let commands: SavedCommand[] = []
  const files = new Map<string, SavedFile>()
  const claims = new Map<string, Claim>()
  return {
    commands: async (board) => commands.filter((saved) => saved.board === board),
    async putCommands(more) {
      commands.push(...more)
    },
    async settle(client, n) {
      commands = commands.filter((saved) => saved.client !== client || saved.n > n)
    },
    async take(client) {
      const taken = commands.filter((saved) => saved.client === client)
      commands = commands.filter((saved) => saved.client !== client)
      return taken
    },
    files: async (board) => [...files.values()].filter((saved) => saved.board === board),
    async putFile(file) {
      files.set(file.id, file)
    },
    async removeFile(id) {
      files.delete(id)
      claims.delete(id)
    },
    async claim(id, page, until) {
      if (isHeld(claims.get(id), page)) return false
      claims.set(id, { id, page, until })
      return true
    },
    async release(ids) {
      for (const id of ids) claims.delete(id)
    },
    close() {},
  }
}

interface Claim {
  readonly id: string
  readonly page: string
  readonly until: number
}

const isHeld = (claim: Claim | undefined, page: string): boolean =>
  claim !== undefined && claim.page !== page && claim.until > Date.now()

interface Schema extends DBSchema {
  commands: { key: [string, number]; value: SavedCommand; indexes: { board: string } }
  files: { key: string; value: SavedFile; indexes: { board: string } }
  claims: { key: string; value: Claim }
}

/** Milliseconds after which a database that doesn't open is given up: some browsers hang there. */
const DATABASE_OPEN_TIMEOUT_MS = 1_500

async function openDatabase(): Promise<Store> {
  let tooLate = false
  const db = await Promise.race([
    openDB<Schema>('wirephoto', 1, {
      upgrade(database) {
        database
          .createObjectStore('commands', { keyPath: ['client', 'n'] })
          .createIndex('board', 'board')
        database.createObjectStore('files', { keyPath: 'id' }).createIndex('board', 'board')
        database.createObjectStore('claims', { keyPath: 'id' })
      },
      blocking: (_now, _next, event) => (event.target as IDBDatabase).close(),
    }).then((opened) => {
      if (tooLate) opened.close()
      return opened
    }),
    new Promise<never>((_resolve, reject) => {
      setTimeout(() => {
        tooLate = true
        reject(new Error('IndexedDB does not open'))
      }, DATABASE_OPEN_TIMEOUT_MS)
    }),
  ])
  return new Database(db)
}

class Database implements Store {
  readonly #db: IDBPDatabase<Schema>

  constructor(db: IDBPDatabase<Schema>) {
    this.#db = db
  }

  commands(board: string): Promise<SavedCommand[]> {
    return this.#db.getAllFromIndex('commands', 'board', board)
  }

  async putCommands(commands: readonly SavedCommand[]): Promise<void> {
    const tx = this.#db.transaction('commands', 'readwrite')
    const done = [...commands.map((command) => tx.store.put(command)), tx.done]
    // At once, for the page may be going.
    tx.commit()
    await Promise.all(done)
  }

  async settle(client: string, n: number): Promise<void> {
    await this.#db.delete('commands', IDBKeyRange.bound([client, 0], [client, n]))
  }

  async take(client: string): Promise<SavedCommand[]> {
    const all = IDBKeyRange.bound([client, 0], [client, Number.POSITIVE_INFINITY])
    const tx = this.#db.transaction('commands', 'readwrite')
    const [taken] = await Promise.all([tx.store.getAll(all), tx.store.delete(all), tx.done])
    return taken
  }

  files(board: string): Promise<SavedFile[]> {
    return this.#db.getAllFromIndex('files', 'board', board)
  }

  async putFile(file: SavedFile): Promise<void> {
    await this.#db.put('files', file)
  }

  async removeFile(id: string): Promise<void> {
    const tx = this.#db.transaction(['files', 'claims'], 'readwrite')
    await Promise.all([
      tx.objectStore('files').delete(id),
      tx.objectStore('claims').delete(id),
      tx.done,
    ])
  }

  async claim(id: string, page: string, until: number): Promise<boolean> {
    const tx = this.#db.transaction('claims', 'readwrite')
    const held = isHeld(await tx.store.get(id), page)
    if (!held) await tx.store.put({ id, page, until })
    await tx.done
    return !held
  }

  async release(ids: readonly string[]): Promise<void> {
    const tx = this.#db.transaction('claims', 'readwrite')
    const done = [...ids.map((id) => tx.store.delete(id)), tx.done]
    tx.commit()
    await Promise.all(done)
  }

  close(): void {
    this.#db.close()
  }
}
