import type { AnyRecord } from '@wirephoto/board'
import { type RDatum, type RSelection, r } from 'rethinkdb-ts'
import type { ChangeLog, EndedBlobs } from '../engine.ts'
import type { Database } from './database.ts'
import { HARD, type NoteRow, type Tables } from './tables.ts'

const ID_PREFIX = 'ended:'
const BLOBS_PER_QUERY = 500
/** RethinkDB sorts no more than 100,000 documents without an index. */
const MAX_SORTED_COUNT = 90_000

/** Opens the notes of ended blobs. */
export const openEndedBlobs = (
  database: Database,
  tables: Tables,
  load: ChangeLog['load'],
): EndedBlobs => ({
  note: (blobs) => noteEnded(database, tables, blobs, Date.now()),

  async list(limit) {
    const notes = tables.wirephoto
      .between(ID_PREFIX, `${ID_PREFIX}g`)
      .limit(MAX_SORTED_COUNT)
      .orderBy('at')
      .limit(limit)
    const rows = await database.run<NoteRow[]>(notes)
    return rows.map(({ id, at }) => ({ sha256: id.slice(ID_PREFIX.length), at }))
  },

  async forget(notes) {
    const times = Object.fromEntries(notes.map(({ sha256, at }) => [ID_PREFIX + sha256, at]))
    for (let start = 0; start < notes.length; start += BLOBS_PER_QUERY) {
      const ids = notes
        .slice(start, start + BLOBS_PER_QUERY)
        .map(({ sha256 }) => ID_PREFIX + sha256)
      const isSame = (note: RDatum) => note('at').eq(r.expr(times)(note('id')))
      await database.write(tables.wirephoto.getAll(r.args(ids)).filter(isSame).delete(HARD))
    }
  },

  async named(blobs) {
    const asked = new Set(blobs)
    const named = new Set<string>()
    const boards = await database.run<string[]>(tables.boards.getField('id'))
    // One board at a time, each as of one cursor. A picture is never copied to another board.
    for (const board of boards)
      for (const blob of blobsOf((await load(board)).records)) if (asked.has(blob)) named.add(blob)
    for (const blob of await blobsOfEntries(database, tables.history))
      if (asked.has(blob)) named.add(blob)
    return named
  },
})

/** Notes blobs as ended. A note that is there gets a later time. */
export async function noteEnded(
  database: Database,
  { wirephoto }: Tables,
  blobs: readonly string[],
  at: number,
): Promise<void> {
  const later = (_id: RDatum, old: RDatum, fresh: RDatum): RDatum =>
    fresh.merge({ at: r.expr([fresh('at'), old('at').add(1)]).max() })
  for (let start = 0; start < blobs.length; start += BLOBS_PER_QUERY) {
    const notes = blobs
      .slice(start, start + BLOBS_PER_QUERY)
      .map((sha256): NoteRow => ({ id: ID_PREFIX + sha256, at }))
    await database.write(wirephoto.insert(notes, { ...HARD, conflict: later }))
  }
}

/** Returns the blobs that records name. */
export const blobsOf = (records: readonly AnyRecord[]): string[] =>
  records.flatMap((record) =>
    record.kind === 'image'
      ? [record.blob, record.original?.blob].filter((blob) => typeof blob === 'string')
      : [],
  )

/** Reads the blobs that some history entries name. */
export const blobsOfEntries = (database: Database, entries: RSelection): Promise<string[]> => {
  const named = entries.filter((row: RDatum) => row('blob').default(null).ne(null))
  return database.run<string[]>(named.getField('blob'))
}
