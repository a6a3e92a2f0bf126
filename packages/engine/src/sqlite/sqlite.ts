import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { AnyRecord, Change } from '@wirephoto/board'
import { fromClientRows, toClientRows } from '../client-rows.ts'
import type { Engine, EngineOptions } from '../engine.ts'
import { EngineError, noBoards } from '../errors.ts'
import { openFileBlobs } from '../files/blobs.ts'
import { makeFolder } from '../files/folders.ts'
import { Watchers } from '../watchers.ts'
import { DatabaseThread } from './thread.ts'

/**
 * Opens the engine of a single server in a folder: `wirephoto.db` and `blobs/`. The folder is created if
 * missing, and locked while the engine is open.
 *
 * @throws EngineError, with a sentence for the operator.
 */
export async function openSqlite(
  folder: string,
  { acceptLoss = null, inspects = false }: EngineOptions = {},
): Promise<Engine> {
  const root = resolve(folder)
  if (inspects && !(await stat(root).catch(() => null))) throw noBoards(`folder ${root}`)
  await makeWritable(root)
  // The database comes first: its lock guards the whole folder.
  const database = await DatabaseThread.open({ folder: root, acceptLoss, inspects })
  const blobs = await openFileBlobs(join(root, 'blobs')).catch(async (error: unknown) => {
    await database.close()
    throw error
  })
  const watchers = new Watchers()

  return {
    boards: {
      create: (board, createdAt) => database.call('createBoard', board, createdAt),
      has: (board) => database.call('hasBoard', board),
      list: () => database.call('listBoards'),
      remove: (board, at) => database.call('removeBoard', board, at),
    },
    log: {
      async load(board) {
        const { records, clients, ...facts } = await database.call('load', board)
        return {
          ...facts,
          records: await parsePortions(records),
          clients: fromClientRows(clients),
        }
      },
      async append(board, { expected, changes, clients, ended = [] }) {
        const to = await database.call(
          'append',
          board,
          expected,
          encodeChanges(changes),
          toClientRows(clients),
          ended,
        )
        if (to !== null) watchers.ringSoon(board, to)
        return to
      },
      async read(board, cursor) {
        const missed = await database.call('read', board, cursor)
        if (!missed) return null
        const { to, changes, clients } = missed
        if (to === cursor) return { batches: [], clients: new Map() }
        const batch = { from: cursor, to, changes: JSON.parse(changes) as Change[] }
        return { batches: [batch], clients: fromClientRows(clients) }
      },
      watch: (board, wake) => watchers.add(board, wake),
      prune: (board, time) => database.call('prune', board, time),
    },
    blobs,
    // The folder has one server, so there is no other to send to.
    secrets: {
      put: (secret) => database.call('putSecret', secret),
      replace: (secret, expected) => database.call('replaceSecret', secret, expected),
      get: (hash) => database.call('getSecret', hash),
      list: (board) => database.call('listSecrets', board),
      remove: (hash) => database.call('removeSecret', hash),
      ended: (hashes) => database.call('endedSecrets', hashes),
    },
    history: {
      append: (board, entries) => database.call('appendHistory', board, entries),
      list: (board, query) => database.call('listHistory', board, query),
      blobs: (board) => database.call('blobsOfHistory', board),
      prune: (board, query) => database.call('pruneHistory', board, query),
    },
    health: () => database.call('health'),
    newestTime: () => database.call('newestTime'),
    now: async () => Date.now(),
    endedBlobs: {
      note: (ended) => database.call('noteEnded', ended),
      list: (limit) => database.call('listEnded', limit),
      forget: (notes) => database.call('forgetEnded', notes),
      named: async (names) => new Set(await database.call('named', names)),
    },
    isShared: false,
    async close() {
      watchers.clear()
      await blobs.close()
      await database.close()
    },
  }
}

/** Parses the portions of a board's records. Everything else on this thread has its turn in between. */
async function parsePortions(portions: readonly string[]): Promise<AnyRecord[]> {
  const records: AnyRecord[] = []
  for (const portion of portions) {
    for (const record of JSON.parse(portion) as AnyRecord[]) records.push(record)
    await setImmediate()
  }
  return records
}

/** Creates a folder, and checks that this user can write to it. Rejects with an EngineError. */
async function makeWritable(folder: string): Promise<void> {
  try {
    await makeFolder(folder)
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new EngineError(
      'folder-unwritable',
      `The folder ${folder} can't be written to. Give this user the right to, or choose another.`,
      { cause },
    )
  }
}

/** Encodes changes as alternating ids and JSON: strings are the cheapest to hand to a thread. */
function encodeChanges(changes: readonly Change[]): (string | null)[] {
  return changes.flatMap((change) =>
    'put' in change ? [change.put.id, JSON.stringify(change.put)] : [change.gone, null],
  )
}
