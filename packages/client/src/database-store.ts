import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { databaseName } from './database-name.ts'
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

async function openDatabase(url: string): Promise<Store> {
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

class Database implements Store {
  readonly isLasting = true
  readonly #db: IDBPDatabase<Schema>

  constructor(db: IDBPDatabase<Schema>) {
    this.#db = db
  }

  async commands(board: string): Promise<SavedCommand[]> {
    return fromKept(await this.#db.getAllFromIndex('commands', 'board', board))
  }

  async putCommands(commands: readonly SavedCommand[]): Promise<void> {
    const tx = this.#db.transaction('commands', 'readwrite')
    const done = [...commands.map((command) => tx.store.put(toKept(command))), tx.done]
    // Commit at once: the page may be going.
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
    return fromKept(taken)
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
