import type { EndedBlob, EndedBlobs } from '../engine.ts'
import type { Database } from './database.ts'

/** Opens the notes of ended blobs. */
export const openEndedBlobs = (database: Database): EndedBlobs => ({
  async note(blobs) {
    await database.query(NOTE, [[...new Set(blobs)], Date.now()])
  },
  list: (limit) => database.query<EndedBlob & Record<string, unknown>>(LIST, [limit]),
  async forget(notes) {
    await database.query(FORGET, [notes.map(({ sha256 }) => sha256), notes.map(({ at }) => at)])
  },

  async named(blobs) {
    const named = await database.query<{ blob: string }>(NAMED_BY_ENTRIES, [blobs])
    // One board at a time, so that no query takes long. A picture is never copied to another board.
    for (const { key } of await database.query<{ key: number }>(BOARD_KEYS))
      named.push(...(await database.query<{ blob: string }>(NAMED_BY_RECORDS, [key, blobs])))
    return new Set(named.map(({ blob }) => blob))
  },
})

/** The expression that selects the blobs named in a record's JSON, which escapes the quotes inside of strings. */
export const blobsIn = (json: string): string =>
  `LATERAL (SELECT (regexp_matches(${json}, '"blob":"([0-9a-f]{64})"', 'g'))[1])`

/** The statement that notes the selected blobs, with their times. A fixed order of locks can't deadlock. */
export const noteEnded = (selected: string): string => `
  INSERT INTO ended (sha256, at) ${selected} ORDER BY 1
  ON CONFLICT (sha256) DO UPDATE SET at = greatest(excluded.at, ended.at + 1)`

const NOTE = {
  name: 'note-ended',
  text: noteEnded('SELECT blob, $2::bigint FROM unnest($1::text[]) AS blob'),
}

const LIST = { name: 'list-ended', text: 'SELECT sha256, at FROM ended ORDER BY at LIMIT $1' }

const FORGET = {
  name: 'forget-ended',
  text: `DELETE FROM ended USING unnest($1::text[], $2::bigint[]) AS note (sha256, at)
    WHERE ended.sha256 = note.sha256 AND ended.at = note.at`,
}

const BOARD_KEYS = { name: 'board-keys', text: 'SELECT key FROM boards' }

const NAMED_BY_ENTRIES = {
  name: 'named-by-entries',
  text: 'SELECT DISTINCT blob FROM history WHERE blob = ANY ($1::text[])',
}

const NAMED_BY_RECORDS = {
  name: 'named-by-records',
  text: `SELECT DISTINCT sha256 AS blob FROM records, ${blobsIn('json')} AS found (sha256)
    WHERE board = $1 AND json IS NOT NULL AND sha256 = ANY ($2::text[])`,
}
