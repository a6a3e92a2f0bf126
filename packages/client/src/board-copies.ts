import { type Snapshot, WIRE_VERSION } from '@wirephoto/board'
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { databaseName } from './database-name.ts'
import { inTransaction } from './in-transaction.ts'
import { openInTime } from './open-in-time.ts'
import { isSnapshot } from './snapshots.ts'

/** Boards whose copies are kept, and all of their records together. Those that were seen last stay. */
const KEPT_BOARDS_COUNT = 20
const KEPT_RECORDS_COUNT = 40_000

/** A board as it was here last. */
export interface BoardCopy {
  readonly snapshot: Snapshot
  /** When it was known to be so, in milliseconds since 1970. */
  readonly copiedAt: number
}

/** The entry of a copy in the list of all, by its board's address. */
interface ListedCopy {
  readonly address: string
  readonly copiedAt: number
  readonly recordCount: number
  /** The wire version in which the records are written. */
  readonly wire: number
}

interface Schema extends DBSchema {
  list: { key: string; value: ListedCopy }
  snapshots: { key: string; value: Snapshot }
}

/** The copies of boards in this browser. They have a database of their own, as they may be lost. */
export class BoardCopies {
  readonly #db: IDBPDatabase<Schema>

  private constructor(db: IDBPDatabase<Schema>) {
    this.#db = db
  }

  /** Opens those of the server at `url`. Rejects where the browser keeps nothing for sites. */
  static async open(url: string): Promise<BoardCopies> {
    // Where site data is blocked, even this throws.
    const opening = openDB<Schema>(databaseName('wirephoto-copies', url), 1, {
      upgrade(database) {
        database.createObjectStore('list', { keyPath: 'address' })
        database.createObjectStore('snapshots')
      },
      blocking: (_now, _next, event) => (event.target as IDBDatabase).close(),
    })
    return new BoardCopies(await openInTime(opening))
  }

  /** Returns a board's copy; null if there is none that this page can read. */
  async read(address: string): Promise<BoardCopy | null> {
    const [listed, snapshot] = await inTransaction(
      this.#db,
      ['list', 'snapshots'],
      'readonly',
      (tx) =>
        Promise.all([
          tx.objectStore('list').get(address),
          tx.objectStore('snapshots').get(address),
        ]),
    )
    if (listed?.wire !== WIRE_VERSION || !isSnapshot(snapshot)) return null
    return { snapshot, copiedAt: listed.copiedAt }
  }

  /** Writes a copy, or with `isKnown` only when it was so. */
  async write(address: string, { snapshot, copiedAt }: BoardCopy, isKnown: boolean): Promise<void> {
    const recordCount = snapshot.records.length
    const listed = { address, copiedAt, recordCount, wire: WIRE_VERSION }
    await inTransaction(this.#db, ['list', 'snapshots'], 'readwrite', async (tx) => {
      const done = [tx.objectStore('list').put(listed)]
      if (!isKnown) done.push(tx.objectStore('snapshots').put(snapshot, address))
      // Commit at once: the page may be going.
      tx.commit()
      await Promise.all(done)
    })
  }

  /** Removes the oldest copies beyond the bounds. */
  async trim(): Promise<void> {
    const list = await inTransaction(this.#db, ['list'], 'readonly', (tx) =>
      tx.objectStore('list').getAll(),
    )
    let recordCount = 0
    const surplus = list
      .sort((a, b) => b.copiedAt - a.copiedAt)
      .filter((copy, nth) => {
        recordCount += copy.recordCount
        return nth >= KEPT_BOARDS_COUNT || recordCount > KEPT_RECORDS_COUNT
      })
    for (const { address } of surplus) await this.remove(address)
  }

  async remove(address: string): Promise<void> {
    await inTransaction(this.#db, ['list', 'snapshots'], 'readwrite', (tx) =>
      Promise.all([
        tx.objectStore('list').delete(address),
        tx.objectStore('snapshots').delete(address),
      ]),
    )
  }

  close(): void {
    this.#db.close()
  }
}
