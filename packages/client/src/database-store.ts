import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { databaseName } from './database-name.ts'
import { inTransaction } from './in-transaction.ts'
import { memoryStore } from './memory-store.ts'
import { openInTime } from './open-in-time.ts'
import {
  type Claim,
  fromKept,
  isHeld,
  type KeptCommand,
  type SavedCommand,
  type SavedFile,
  type Store,
  toKept,
} from './store.ts'

interface Schema extends DBSchema {
  commands: { key: [string, number]; value: KeptCommand; indexes: { board: string } }
  files: { key: string; value: SavedFile; indexes: { board: string } }
  claims: { key: string; value: Claim }
}

/** A store that other programs than the page that filled it look through. */
export interface KeptStore extends Store {
  /** Returns the boards that pages have left something of. */
  boards(): Promise<string[]>
}

/** Opens IndexedDB for the server at `url`. Rejects where the browser has none. */
export async function openDatabase(url: string): Promise<KeptStore> {
  const opening = openDB<Schema>(databaseName('wirephoto', url), 1, {
    upgrade(database) {
      database
        .createObjectStore('commands', { keyPath: ['client', 'n'] })
        .createIndex('board', 'board')
      database.createObjectStore('files', { keyPath: 'id' }).createIndex('board', 'board')
      database.createObjectStore('claims', { keyPath: 'id' })
    },
    blocking: (_now, _next, event) => (event.target as IDBDatabase).close(),
  })
  return new Database(await openInTime(opening))
}

/** Opens IndexedDB for the server at `url` where it works, else a store in memory (private windows, Node). */
export async function defaultStore(url: string): Promise<Store> {
  // Where site data is blocked, even a look at `indexedDB` may throw.
  return openDatabase(url).catch(() => memoryStore())
}

class Database implements KeptStore {
  readonly isLasting = true
  readonly #db: IDBPDatabase<Schema>

  constructor(db: IDBPDatabase<Schema>) {
    this.#db = db
  }

  async boards(): Promise<string[]> {
    const boards = new Set<string>()
    for (const name of ['commands', 'files'] as const) {
      const { store } = this.#db.transaction(name)
      for await (const { key } of store.index('board').iterate(null, 'nextunique')) boards.add(key)
    }
    return [...boards]
  }

  async commands(board: string): Promise<SavedCommand[]> {
    const kept = await inTransaction(this.#db, ['commands'], 'readonly', (tx) =>
      tx.objectStore('commands').index('board').getAll(board),
    )
    return fromKept(kept)
  }

  async putCommands(commands: readonly SavedCommand[]): Promise<void> {
    await inTransaction(this.#db, ['commands'], 'readwrite', async (tx) => {
      const store = tx.objectStore('commands')
      const done = commands.map((command) => store.put(toKept(command)))
      // Commit at once: the page may be going.
      tx.commit()
      await Promise.all(done)
    })
  }

  async settle(client: string, n: number): Promise<void> {
    await this.#db.delete('commands', IDBKeyRange.bound([client, 0], [client, n]))
  }

  async take(client: string): Promise<SavedCommand[]> {
    const all = IDBKeyRange.bound([client, 0], [client, Number.POSITIVE_INFINITY])
    const [taken] = await inTransaction(this.#db, ['commands'], 'readwrite', (tx) => {
      const store = tx.objectStore('commands')
      return Promise.all([store.getAll(all), store.delete(all)])
    })
    return fromKept(taken)
  }

  files(board: string): Promise<SavedFile[]> {
    return inTransaction(this.#db, ['files'], 'readonly', (tx) =>
      tx.objectStore('files').index('board').getAll(board),
    )
  }

  async putFile(file: SavedFile): Promise<void> {
    await this.#db.put('files', file)
  }

  async removeFile(id: string): Promise<void> {
    await inTransaction(this.#db, ['files', 'claims'], 'readwrite', (tx) =>
      Promise.all([tx.objectStore('files').delete(id), tx.objectStore('claims').delete(id)]),
    )
  }

  async claim(id: string, page: string, until: number): Promise<boolean> {
    return inTransaction(this.#db, ['claims'], 'readwrite', async (tx) => {
      const claims = tx.objectStore('claims')
      const held = isHeld(await claims.get(id), page)
      if (!held) await claims.put({ id, page, until })
      return !held
    })
  }

  async release(ids: readonly string[]): Promise<void> {
    await inTransaction(this.#db, ['claims'], 'readwrite', async (tx) => {
      const claims = tx.objectStore('claims')
      const done = ids.map((id) => claims.delete(id))
      tx.commit()
      await Promise.all(done)
    })
  }

  close(): void {
    this.#db.close()
  }
}
