import { WireError } from './errors.ts'
import type { AnyRecord } from './records.ts'

/* Stored records carry the version of their format; those in memory and on the wire are all of today's. */

/** A record's fields, in the format of some version. */
type Fields = Readonly<Record<string, unknown>>

/** A record as engines keep it. Records from before there were versions have none, and count as 1. */
export type StoredRecord = AnyRecord & { readonly version?: number }

/**
 * The steps from each version of the format to the next. Every step stays for ever, since a record is
 * migrated when it is read, and written again only when it changes (F13).
 */
const migrations: readonly ((record: Fields) => Fields)[] = [
  // Completes the records of builds that knew fewer fields.
  (record) =>
    record['kind'] === 'image'
      ? {
          animated: false,
          variants: null,
          source: null,
          storedAt: record['blob'] === null ? null : record['createdAt'],
          ...record,
        }
      : { trashDays: 30, keepMetadata: false, ...record },
  // Pictures may have an original that isn't shown: the SVG that they were drawn from.
  (record) => (record['kind'] === 'image' ? { original: null, ...record } : record),
  // Pictures keep the name of the person who added them, and know who trashed them.
  (record) => (record['kind'] === 'image' ? { by: '', deletedBy: null, ...record } : record),
  // Pictures in the trash may be marked to be purged.
  (record) => (record['kind'] === 'image' ? { purgeAt: null, purgeBy: null, ...record } : record),
  // Pictures know the link that they came by.
  (record) => (record['kind'] === 'image' ? { link: null, ...record } : record),
  // Boards may let the pictures of guests wait, or take none.
  (record) => (record['kind'] === 'board' ? { adding: 'open', ...record } : record),
  // Pictures know when their file took the place of another one.
  (record) => (record['kind'] === 'image' ? { replacedAt: null, ...record } : record),
  // Pictures may be the tiles of live slots.
  (record) => (record['kind'] === 'image' ? { slot: null, ...record } : record),
]

/** The version of the records that this build writes. */
export const RECORD_VERSION = 1 + migrations.length

/** Returns a record as it is stored. */
export const toStored = (record: AnyRecord): StoredRecord => ({
  ...record,
  version: RECORD_VERSION,
})

/** Returns a stored record in today's format. Throws `newer-format` if a newer build has written it. */
export function fromStored({ version = 1, ...record }: StoredRecord): AnyRecord {
  if (version === RECORD_VERSION) return record
  if (version > RECORD_VERSION) throw new WireError('newer-format')
  const steps = migrations.slice(version - 1)
  return steps.reduce<Fields>((fields, migrate) => migrate(fields), record) as unknown as AnyRecord
}
