import { type RDatum, type RTable, r } from 'rethinkdb-ts'
import type { ClientRow } from '../client-rows.ts'

/** Everything of a board goes by its epoch, so what is late for a removed one never meets its namesake. */
type Epoch = string

/** A board, and how far its records and clients are: the watermark. Every batch after it is in `batches`. */
export interface BoardRow {
  readonly id: string
  readonly epoch: Epoch
  readonly createdAt: number
  readonly seq: number
  readonly stamp: string
  /** The first cursor that can be read from. */
  readonly floor: number
}

/** One batch: the log. It has all of the append, so that inserting it is the whole of it. */
export interface BatchRow {
  readonly id: readonly [Epoch, seq: number]
  readonly board: string
  readonly stamp: string
  /** The stamp of the batch before. */
  readonly prev: string | null
  /** The server that appended it. */
  readonly by: string
  readonly at: number
  /** JSON: a ReQL string can't be every string that JavaScript has. */
  readonly changes: string
  readonly clients: readonly ClientRow[]
}

/** What the batches up to the watermark come to, and maybe some after it. */
export interface RecordRow {
  readonly id: readonly [Epoch, id: string]
  /** The batch that last changed it. */
  readonly seq: number
  /** Null: a tombstone. */
  readonly json: string | null
}
export interface ClientDoc {
  readonly id: readonly [Epoch, client: string]
  /** The batch that it was written with. */
  readonly seq: number
  readonly row: ClientRow
}

export interface SecretRow {
  readonly id: string
  readonly board: string
  readonly epoch: Epoch
  readonly kind: 'link' | 'session'
  readonly data: string
  readonly expiresAt: number | null
}

export interface HistoryRow {
  readonly id: readonly [Epoch, kind: string, at: number, nth: string]
  readonly subject: string
  readonly data: string
}

/** One put of a blob. Its chunks are its own, so removing late never takes another's. */
export interface CopyRow {
  readonly id: readonly [sha256: string, copy: string]
  readonly state: 'arriving' | 'whole' | 'going'
  /** Its lease. */
  readonly touchedAt: number
  /** Bytes, once it is whole. */
  readonly size: number
}
export interface ChunkRow {
  readonly id: readonly [sha256: string, copy: string, n: number]
  readonly data: Buffer
}

/** The tables' version, and the epochs that were removed. */
export interface NoteRow {
  readonly id: string
  readonly version?: number
  readonly board?: string
  readonly at: number
}

/** Acknowledged is on the disks of a majority (F1). */
export const HARD = { durability: 'hard' } as const

export type Tables = ReturnType<typeof tablesOf>

/** A read sees what a majority has: nothing that a fail-over could take back. */
export function tablesOf(database: string) {
  // Always with its database: the driver else writes that of the first connection into the query.
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

/** Every table with its indexes. What is stored depends on it. */
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
