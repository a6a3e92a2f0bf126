import {
  type AnyRecord,
  applyChanges,
  type Batch,
  type Change,
  type Cursor,
  cursor as cursorOf,
  idOf,
  parseCursor,
  WireError,
} from '@wirephoto/board'
import { r } from 'rethinkdb-ts'
import { fromClientRows, toClientRows } from '../client-rows.ts'
import type { ChangeLog, ReadResult } from '../engine.ts'
import { newStamp } from '../ids.ts'
import {
  type AppendOutcome,
  appendQuery,
  assertOpen,
  batchesFrom,
  boardAndBatchesFrom,
  isChain,
  retryUntilConsistent,
} from './batches.ts'
import type { Database } from './database.ts'
import type { Doorbell } from './doorbell.ts'
import type { Projector } from './projector.ts'
import { prune } from './prune.ts'
import type { BatchRow, BoardRow, ClientDoc, RecordRow, Tables } from './tables.ts'

/**
 * Opens the change log, which is stored as one document for each batch.
 *
 * A board's state is its projection up to the watermark, with all later batches applied to it. The
 * projection is read first. If it contains some of those batches already, applying them again changes
 * nothing.
 */
export function openLog(
  database: Database,
  tables: Tables,
  doorbell: Doorbell,
  projector: Projector,
): ChangeLog {
  const { boards, batches, records, clients } = tables

  /** Reads a board's row. Rejects with `unknown-board`. */
  async function boardOf(board: string): Promise<BoardRow> {
    const row = await database.run<BoardRow | null>(boards.get(board))
    if (!row) throw new WireError('unknown-board')
    return row
  }

  /** Reads the batches after the watermark. Undefined if the projection has moved on meanwhile. */
  async function batchesAfter(
    board: BoardRow,
  ): Promise<{ first: BatchRow; rest: BatchRow[] } | undefined> {
    const [first, ...rest] = await database.run<BatchRow[]>(batchesFrom(tables, board))
    if (!first || first.stamp !== board.stamp || !isChain([first, ...rest])) return undefined
    assertOpen([first, ...rest])
    if (rest.length > 0) projector.schedule(board.id)
    return { first, rest }
  }

  /**
   * Reads the changes since a cursor before the watermark: the newer part of the projection as one batch,
   * then the later batches. Undefined if the projection has moved on meanwhile.
   */
  async function readBeforeWatermark(board: BoardRow, cursor: Cursor, seq: number) {
    // A projection that is under way has rows of later batches already. Those would come before their time.
    const newer = [[board.epoch, seq], [board.epoch, board.seq]] as const // biome-ignore format: a range
    const range = { index: 'seq', leftBound: 'open', rightBound: 'closed' } as const
    const [own, recordRows, clientDocs] = await Promise.all([
      database.run<BatchRow | null>(batches.get([board.epoch, seq])),
      database.run<RecordRow[]>(records.between(...newer, range)),
      database.run<ClientDoc[]>(clients.between(...newer, range)),
    ])
    if (own?.stamp !== parseCursor(cursor)!.stamp) return null
    const later = await batchesAfter(board)
    if (!later) return undefined
    const { rest } = later
    const to = cursorOf(board.epoch, board.seq, board.stamp)
    const first: Batch = { from: cursor, to, changes: changesOf(recordRows) }
    return {
      batches: [first, ...batchesOf(to, rest)],
      clients: fromClientRows([
        ...clientDocs.map(({ row }) => row),
        ...rest.flatMap((batch) => batch.clients),
      ]),
    }
  }

  return {
    load: (board) =>
      retryUntilConsistent(async () => {
        const at = await boardOf(board)
        const all = [[at.epoch, r.minval], [at.epoch, r.maxval]] as const // biome-ignore format: a range
        const [recordRows, clientDocs] = await Promise.all([
          database.run<RecordRow[]>(records.between(...all)),
          database.run<ClientDoc[]>(clients.between(...all)),
        ])
        const later = await batchesAfter(at)
        if (!later) return undefined
        const { first, rest } = later
        const state = new Map<string, AnyRecord>()
        applyChanges(state, changesOf(recordRows))
        for (const batch of rest) applyChanges(state, JSON.parse(batch.changes))
        const known = recordRows.filter(({ json, seq }) => json !== null || seq > at.floor)
        const ids = new Set(known.map(({ id }) => id[1]))
        for (const batch of rest)
          for (const change of JSON.parse(batch.changes) as Change[]) ids.add(idOf(change))
        const remembered = clientDocs.filter(({ seq }) => seq >= at.floor)
        return {
          cursor: cursorOf(at.epoch, at.seq + rest.length, (rest.at(-1) ?? at).stamp),
          records: [...state.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
          clients: fromClientRows([
            ...remembered.map(({ row }) => row),
            ...rest.flatMap((batch) => batch.clients),
          ]),
          firstSeq: at.floor,
          changedAt: (rest.at(-1) ?? first).at,
          tombstoneCount: ids.size - state.size,
        }
      }),

    async append(board, { expected, changes, clients, ended = [] }) {
      const at = parseCursor(expected)
      if (!at) {
        await boardOf(board)
        return null
      }
      const stamp = newStamp()
      const id = [at.epoch, at.seq + 1] as const
      const outcome = await database.run<AppendOutcome>(
        appendQuery(tables, at, {
          id,
          board,
          stamp,
          prev: at.stamp,
          by: doorbell.serverId,
          at: Date.now(),
          changes: JSON.stringify(changes),
          clients: toClientRows(clients),
          ...(ended.length > 0 && { ended }),
        }),
      )
      if (outcome === 'unknown board') throw new WireError('unknown-board')
      if (outcome === 'moved') return null
      const to = cursorOf(...id, stamp)
      doorbell.ring(board, to)
      projector.schedule(board)
      return to
    },

    read: (board, cursor) =>
      retryUntilConsistent<ReadResult | null>(async () => {
        const at = parseCursor(cursor)
        if (!at) {
          await boardOf(board)
          return null
        }
        const query = boardAndBatchesFrom(tables, board, at)
        const [row, ...found] = await database.run<[] | [BoardRow, ...BatchRow[]]>(query)
        if (!row) throw new WireError('unknown-board')
        if (row.epoch !== at.epoch || at.seq < row.floor) return null
        if (at.seq < row.seq) return readBeforeWatermark(row, cursor, at.seq)
        const [own, ...rest] = found
        if (!own || own.id[1] !== at.seq || own.stamp !== at.stamp) return null
        if (!isChain([own, ...rest])) return undefined
        assertOpen([own, ...rest])
        return {
          batches: batchesOf(cursor, rest),
          clients: fromClientRows(rest.flatMap((batch) => batch.clients)),
        }
      }),

    watch: (board, wake) => doorbell.watch(board, wake),

    async prune(board, time) {
      await projector.project(board)
      await prune(database, tables, await boardOf(board), time)
    },
  }
}

/** Decodes the batches that follow a cursor. */
function batchesOf(first: Cursor, rows: readonly BatchRow[]): Batch[] {
  let at = first
  return rows.map(({ id: [epoch, seq], stamp, changes }) => {
    const batch = { from: at, to: cursorOf(epoch, seq, stamp), changes: JSON.parse(changes) }
    at = batch.to
    return batch
  })
}

/** Decodes records as changes. Parsing one long string is faster than parsing many short ones. */
function changesOf(rows: readonly RecordRow[]): Change[] {
  const json = rows.map(({ id: [, id], json }) =>
    json === null ? `{"gone":${JSON.stringify(id)}}` : `{"put":${json}}`,
  )
  return JSON.parse(`[${json.join()}]`)
}
