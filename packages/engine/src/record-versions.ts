import { type Change, fromStored, toStored } from '@wirephoto/board'
import type { Engine } from './engine.ts'

/**
 * Wraps an engine, so that it keeps records with the version of their format (F13).
 *
 * Databases hold records in every format that was ever written. Above this line there is only today's.
 */
export function withRecordVersions(engine: Engine): Engine {
  const { log } = engine
  return {
    ...engine,
    log: {
      ...log,
      async load(board) {
        const found = await log.load(board)
        return { ...found, records: found.records.map(fromStored) }
      },
      append: (board, batch) =>
        log.append(board, { ...batch, changes: batch.changes.map(mapChange(toStored)) }),
      async read(board, cursor) {
        const found = await log.read(board, cursor)
        if (!found) return null
        const batches = found.batches.map((batch) => ({
          ...batch,
          changes: batch.changes.map(mapChange(fromStored)),
        }))
        return { ...found, batches }
      },
    },
  }
}

type Convert = typeof toStored | typeof fromStored

const mapChange =
  (convert: Convert) =>
  (change: Change): Change =>
    'put' in change ? { put: convert(change.put) } : change
