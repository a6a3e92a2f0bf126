import type { Readable } from 'node:stream'
import type { AnyRecord, Batch, Change, Cursor, Refusal } from '@wirephoto/board'

/**
 * Where boards live. Several servers may stand on one engine; an engine needs little more than an
 * atomic compare-and-append. `contract.ts` is the suite that every engine passes (F5).
 *
 * Whatever names a board that isn't there rejects with `unknown-board`; whatever finds no room with
 * `disk-full`, and has then changed nothing.
 */
export interface Engine {
  readonly boards: Boards
  readonly log: ChangeLog
  readonly blobs: BlobStore
  readonly bus: Bus
  readonly secrets: Secrets
  readonly history: History
  /** Lets what was asked for finish, then closes. Idempotent; every later call rejects with `busy`. */
  close(): Promise<void>
}

export interface Boards {
  /** Makes a board with a new epoch. False when the id is taken. */
  create(board: string): Promise<boolean>
  has(board: string): Promise<boolean>
  /** Every board, ordered by id. */
  list(): Promise<BoardInfo[]>
  /** Removes a board and all that the engine keeps of it but its blobs. False when there was none. */
  remove(board: string): Promise<boolean>
}

export interface BoardInfo {
  readonly board: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** What is remembered of a client's queue, so that a resent command takes effect once (F3). */
export interface ClientState {
  /** Number of its last command that was settled. */
  readonly n: number
  /** The batch in which its last effect lies; 0 when it had none. */
  readonly seq: number
  /** Commands of its last message that were turned down. */
  readonly refused: readonly Refusal[]
}
export type Clients = ReadonlyMap<string, ClientState>

export interface LoadResult {
  readonly cursor: Cursor
  readonly records: readonly AnyRecord[]
  readonly clients: Clients
}

export interface ReadResult {
  /** From the asked cursor on, each starting where the one before ends; a stretch may be coalesced. */
  readonly batches: readonly Batch[]
  /** The clients whose state changed in them. */
  readonly clients: Clients
}

export interface ChangeLog {
  /** Everything as of one cursor. */
  load(board: string): Promise<LoadResult>
  /**
   * Atomic compare-and-append: appends one batch if the board still stands at `expected`, else
   * changes nothing and resolves to null. `clients` is written in the same act. Durable when it
   * resolves (F1); when it rejects the outcome is unknown, so read before going on.
   */
  append(
    board: string,
    batch: { expected: Cursor; changes: readonly Change[]; clients: Clients },
  ): Promise<Cursor | null>
  /** What a reader at `cursor` has missed; null when the cursor is too old or of another history: load. */
  read(board: string, cursor: Cursor): Promise<ReadResult | null>
  /**
   * A doorbell: `wake` is called some time after each append, may be twice or late, with the new
   * cursor where the engine knows it (whoever stands there needn't look). Truth is `read`.
   */
  watch(board: string, wake: (at: Cursor | null) => void): Unsubscribe
  /**
   * Forgets the batches, tombstones and clients of before `time` (milliseconds since 1970): cursors
   * up to then can no longer be read from. Records stay.
   */
  prune(board: string, time: number): Promise<void>
}

/** Bytes under a sha256: their own, or one that says what they were made of and how. */
export interface BlobStore {
  /**
   * Stores the file at `path` under a sha256, and durably so when it resolves. A blob that is there
   * already gets a new lease instead. `path` must be on the caller's disk; it stays where it is, and
   * must not be written to any more.
   */
  put(path: string, sha256: string): Promise<void>
  /** The bytes from `start` up to and without `end`. Rejects with `not-found`. */
  get(sha256: string, range?: { start: number; end: number }): Promise<Readable>
  has(sha256: string): Promise<boolean>
  /** Gives a blob a new lease, durably. False when it isn't there. */
  renew(sha256: string): Promise<boolean>
  list(): AsyncIterable<string>
  /** Removes a blob unless its lease was renewed after that time (milliseconds since 1970). */
  remove(sha256: string, options: { unlessTouchedSince: number }): Promise<boolean>
}

/** Ephemeral and lossy, to every server on this engine but the sender. */
export interface Bus {
  publish(board: string, bytes: Uint8Array): void
  subscribe(board: string, receive: (bytes: Uint8Array) => void): Unsubscribe
}

/** Of a server that has nobody else to hear, or no way to. */
export const noopBus: Bus = {
  publish() {},
  subscribe: () => () => {},
}

/** What opens a door: links and sessions of a board, and gone with it. Only hashes of them are kept. */
export interface Secrets {
  put(secret: Secret): Promise<void>
  get(hash: string): Promise<Secret | null>
  list(board: string): Promise<Secret[]>
  remove(hash: string): Promise<boolean>
}

export interface Secret {
  readonly hash: string
  readonly board: string
  readonly kind: 'link' | 'session'
  /** JSON that the engine keeps as it is. */
  readonly data: string
  /** Milliseconds since 1970, null for never. An expired secret is not found. */
  readonly expiresAt: number | null
}

/** What is remembered beside the board's state: the audit list, and the frames that a slot has shown. */
export interface History {
  append(board: string, entries: readonly HistoryEntry[]): Promise<void>
  /** Newest first, of one kind and, where named, one subject, older than `before`. */
  list(
    board: string,
    query: { kind: HistoryEntry['kind']; subject?: string; before?: number; limit: number },
  ): Promise<HistoryEntry[]>
  /** Forgets what is older than `time`. */
  prune(board: string, time: number): Promise<void>
}

export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: 'audit' | 'frame'
  /** Whose: a picture's id, a slot's name. */
  readonly subject: string
  /** JSON that the engine keeps as it is. */
  readonly data: string
}

export type Unsubscribe = () => void
