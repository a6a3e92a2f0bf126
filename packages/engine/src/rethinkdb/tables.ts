import { type RDatum, type RTable, r } from 'rethinkdb-ts'
import type { ClientRow } from '../client-rows.ts'

/** A board's epoch. All its rows carry it, so late writes never reach a new board with the same id. */
type Epoch = string

/** A board. `seq` and `stamp` are its watermark: the last batch that is projected. */
export interface BoardRow {
  readonly id: string
  readonly epoch: Epoch
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly seq: number
  readonly stamp: string
  /** The seq of the first cursor that can be read from. */
  readonly floor: number
}

/** A batch of the log. It contains the whole append, so that one insert is atomic. */
export interface BatchRow {
  readonly id: readonly [Epoch, seq: number]
  readonly board: string
  readonly stamp: string
  /** The stamp of the previous batch; null for the first. */
  readonly prev: string | null
  /** The id of the server that appended it. */
  readonly by: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** `Change[]` as JSON, since ReQL strings can't hold every JavaScript string. */
  readonly changes: string
  readonly clients: readonly ClientRow[]
  /** The blobs that it has ended. Undefined for none. */
  readonly ended?: readonly string[]
  /** Set on the last batch of a board that is being removed: none can follow. */
  readonly closes?: true
}

/** A projected record. It is as of the watermark or later. */
export interface RecordRow {
  readonly id: readonly [Epoch, id: string]
  /** The seq of the batch that last changed it. */
  readonly seq: number
  /** Null for a tombstone. */
  readonly json: string | null
}

/** A projected client state. */
export interface ClientDoc {
  readonly id: readonly [Epoch, client: string]
  /** The seq of the batch that it was written with. */
  readonly seq: number
  readonly row: ClientRow
}

/** A secret; `id` is its hash. */
export interface SecretRow {
  readonly id: string
  readonly board: string
  readonly epoch: Epoch
  readonly kind: 'link' | 'session'
  readonly data: string
  readonly expiresAt: number | null
}

/** An entry of a board's history. */
export interface HistoryRow {
  readonly id: readonly [Epoch, kind: string, at: number, nth: string]
  readonly subject: string
  readonly data: string
  /** Undefined in rows of layouts before 3. */
  readonly blob?: string | null
}

/** A copy of a blob, made by one put. Its chunks are its own, so a late removal deletes no other's. */
export interface CopyRow {
  readonly id: readonly [sha256: string, copy: string]
  readonly state: 'arriving' | 'whole' | 'going'
  /** The start of its lease, in milliseconds since 1970. */
  readonly touchedAt: number
  /** The size in bytes; 0 until the copy is whole. */
  readonly size: number
  /** Since when it is set aside, in milliseconds since 1970. Undefined or null unless it is. */
  readonly asideSince?: number | null
}

/** A chunk of one copy of a blob. */
export interface ChunkRow {
  readonly id: readonly [sha256: string, copy: string, n: number]
  readonly data: Buffer
}

/**
 * A note. The one under `tables` has the version of the layout, and the newest one that records here may
 * have. One under an epoch has the board that was removed. One under `ended:<sha256>` is of an ended blob.
 */
export interface NoteRow {
  readonly id: string
  readonly version?: number
  readonly recordVersion?: number
  readonly board?: string
  readonly at: number
}

/** The option of every write: it is acknowledged when it is on the disks of a majority (F1). */
export const HARD = { durability: 'hard' } as const

/** All tables of an engine, by name. */
export type Tables = ReturnType<typeof tablesOf>

/** Names the tables of a database. Reads see what a majority has, which no fail-over undoes. */
export function tablesOf(database: string) {
  // Without a database here, the driver would write that of the first connection into the query.
  const table = (name: keyof typeof INDEXES): RTable =>
    r.db(database).table(name, { readMode: 'majority' })
  return {
    wirephoto: table('wirephoto'),
    boards: table('boards'),
    batches: table('batches'),
    records: table('records'),
    clients: table('clients'),
    secrets: table('secrets'),
    history: table('history'),
    blobs: table('blobs'),
    chunks: table('chunks'),
  }
}

type Index = (row: RDatum) => unknown

const bySeq: Index = (row) => [row('id')(0), row('seq')]

/** All tables with their indexes. Stored data depends on them. */
export const INDEXES = {
  wirephoto: {},
  boards: {},
  batches: {},
  records: { seq: bySeq },
  clients: { seq: bySeq },
  secrets: { epoch: (row) => row('epoch'), expiresAt: (row) => row('expiresAt') },
  history: {
    subject: (row) => [row('id')(0), row('id')(1), row('subject'), row('id')(2), row('id')(3)],
  },
  blobs: {},
  chunks: {},
} satisfies Record<string, Record<string, Index>>
