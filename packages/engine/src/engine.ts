import type { Readable } from 'node:stream'
import type { AnyRecord, Batch, Change, Cursor, Refusal } from '@wirephoto/board'

/**
 * The storage of boards and pictures: the port that every database implements.
 *
 * An engine needs little more than an atomic compare-and-append, because the rules of a board run in
 * the server. Several servers may share one engine. The suite in `contract.ts` states what every
 * engine must do (F5).
 *
 * All methods reject with a `WireError`, or with an unexpected error that is a defect:
 * - `unknown-board`: the board doesn't exist. The methods that say so name it.
 * - `disk-full`: the write finds no room, and has changed nothing.
 * - `away`: its database doesn't answer. A write is then in doubt.
 * - `busy`: its database has too much to do. A write is then in doubt.
 * - `stopping`: the engine is closed.
 *
 * Times are milliseconds since 1970 by the clock of the server that writes. Servers that share an
 * engine must agree on the time within minutes.
 */
export interface Engine {
  readonly boards: Boards
  readonly log: ChangeLog
  readonly blobs: BlobStore
  readonly secrets: Secrets
  readonly history: History
  readonly endedBlobs: EndedBlobs
  /** Whether several servers may use the storage at once. */
  readonly isShared: boolean

  /** Lists what is wrong with the stored data at this moment. Cheap enough to be asked once a second. */
  health(): Promise<readonly Fault[]>

  /**
   * The newest time that the database has written down, in milliseconds since 1970; 0 if it is empty. A clock
   * that is far from it is not to be trusted.
   */
  newestTime(): Promise<number>

  /**
   * Reads the clock of the database, in milliseconds since 1970. Where servers share the storage, leases begin no
   * earlier than it says.
   */
  now(): Promise<number>

  /**
   * Finishes the calls that have been made, then releases the database.
   *
   * @remarks Idempotent. Every later call of another method rejects with `stopping`; `watch`, `publish` and
   * `subscribe` do nothing.
   */
  close(): Promise<void>
}

/** How an engine is opened. */
export interface EngineOptions {
  /** The code of a loss that the operator accepts, as the engine's own sentence names it. */
  readonly acceptLoss?: string | null | undefined
  /**
   * Opens only what this build has made, to look at it. Nothing is made or migrated, and no server's work is
   * finished. Default: false.
   */
  readonly inspects?: boolean | undefined
  /** Opens an engine that boards are being brought into, which no server may use yet. Default: false. */
  readonly fills?: boolean | undefined
}

/** Something wrong with the stored data, for the operator. */
export interface Fault {
  readonly code: FaultCode
  /** Sentences that say what happened, then what to do. */
  readonly message: string
  /**
   * The work that must not go on meanwhile: the deletion of files that no record names, or every write. A fault
   * that stops saving stops deletions too.
   */
  readonly stops: 'deleting' | 'saving'
}

export type FaultCode =
  /** The database lacks changes that its folder has seen. */
  | 'changes-lost'
  /** The database can't be read in places. */
  | 'damaged'
  /** The file of the database was removed, replaced or written by another program while it was open. */
  | 'database-gone'
  /** The disk failed at the last commit, and at every try since. */
  | 'disk-failing'

/** The set of boards, by id. */
export interface Boards {
  /**
   * Creates an empty board with a new epoch. Resolves to false if the id is taken.
   *
   * @param createdAt When it was made, in milliseconds since 1970, for one that comes from elsewhere. Default: now.
   */
  create(board: string, createdAt?: number): Promise<boolean>

  /** Resolves to whether the board exists. */
  has(board: string): Promise<boolean>

  /** Lists all boards, ordered by the bytes of their ids. */
  list(): Promise<BoardInfo[]>

  /**
   * Removes a board with its log, secrets and history. Resolves to false if there was none.
   *
   * @remarks Its blobs are noted as ended. They stay while other boards show the same pictures.
   * @param at Removes it only if it still stands at this cursor. Of this and an append there, one succeeds.
   */
  remove(board: string, at?: Cursor): Promise<boolean>
}

/** A board in the list. */
export interface BoardInfo {
  readonly board: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** The state of one client's command queue, so that a resent command takes effect once (F3). */
export interface ClientState {
  /** The number of the client's last settled command. */
  readonly n: number
  /** The seq of the batch with the client's last effect; 0 if it had none. */
  readonly seq: number
  /** The refused commands of the client's last message. */
  readonly refused: readonly Refusal[]
}

/** Client states by client id. */
export type Clients = ReadonlyMap<string, ClientState>

/** A board as of one cursor. */
export interface LoadResult {
  readonly cursor: Cursor
  /** All records, in no particular order. Tombstones are left out. */
  readonly records: readonly AnyRecord[]
  /** All clients whose last batch has not been pruned. */
  readonly clients: Clients
  /** The seq of the oldest cursor that can be read from; 0 until something is pruned. */
  readonly firstSeq: number
  /** When the newest batch was appended, or the board created, in milliseconds since 1970. */
  readonly changedAt: number
  /** The tombstones that have not been pruned. */
  readonly tombstoneCount: number
}

/** The changes since a cursor. */
export interface ReadResult {
  /**
   * Batches in order: the first starts at the requested cursor, each later one where its predecessor
   * ends. Empty if the reader is up to date. Consecutive batches may be coalesced into one.
   */
  readonly batches: readonly Batch[]
  /** The clients whose state has changed since the cursor. */
  readonly clients: Clients
}

/** The durable history of each board, as batches of changes that are numbered without a gap. */
export interface ChangeLog {
  /** Loads a whole board, as of one cursor. Rejects with `unknown-board`. */
  load(board: string): Promise<LoadResult>

  /**
   * Appends one batch if the board still stands at `expected`.
   *
   * @remarks An atomic compare-and-append. `clients` is written in the same transaction, and so are the
   * notes of the blobs that the batch has `ended`.
   * @returns The cursor after the batch, which is durable (F1). Null if the board stood elsewhere;
   * nothing has changed then.
   * @throws `unknown-board` or `disk-full`; nothing has changed then. After any other rejection the
   * outcome is in doubt: read before you append again.
   */
  append(
    board: string,
    batch: {
      expected: Cursor
      changes: readonly Change[]
      clients: Clients
      ended?: readonly string[]
    },
  ): Promise<Cursor | null>

  /**
   * Reads the changes since `cursor`.
   *
   * @returns Null if the cursor has been pruned or belongs to another history: load the board instead.
   * @throws `unknown-board`.
   */
  read(board: string, cursor: Cursor): Promise<ReadResult | null>

  /**
   * Calls `wake` some time after each append on any server.
   *
   * @remarks A doorbell, not a feed: it may ring late, twice, or once for several batches. Only `read`
   * tells what has changed.
   * @param wake Receives the board's new cursor, or null where the engine doesn't know it. A watcher
   * that already stands at that cursor needn't read.
   */
  watch(board: string, wake: (at: Cursor | null) => void): Unsubscribe

  /**
   * Deletes the batches, tombstones and client states from before `time`. Rejects with
   * `unknown-board`.
   *
   * @remarks Cursors from before `time` can no longer be read from. Records stay, and so does the
   * board's current cursor.
   * @param time Milliseconds since 1970.
   */
  prune(board: string, time: number): Promise<void>
}

/** Facts that the caller of `BlobStore.put` knows of the file. */
export interface PutOptions {
  /** Whether its bytes were written and synced just now: the store needn't open it again. */
  readonly isDurable?: boolean
}

/**
 * The immutable files: pictures and their variants. Each is stored once, under 64 lower-case hex digits.
 *
 * @remarks The name is a sha256: of a picture's bytes, or of how a variant is made. A lease protects
 * each blob from a collector that finds no record for it yet. A blob that is set aside isn't listed, and
 * `has` doesn't find it. The first `get`, `put` or `renew` puts it back, with a new lease. All methods but
 * `has`, `peek`, `stat` and the lists reject with `not-found` for a name that is no sha256.
 */
export interface BlobStore {
  /**
   * Stores a file. Resolves when the blob has the file's bytes, durably (F1).
   *
   * @remarks A blob that exists gets a new lease. Its bytes are compared with the file's, and those that
   * differ are replaced: a blob that is rotten or cut off is healed. A reader in the middle of it goes on.
   * @param path A file on this server's disk. It stays where it is, and must not be written to any
   * more: the store may link to it.
   * @throws `disk-full`.
   */
  put(path: string, sha256: string, options?: PutOptions): Promise<void>

  /**
   * Opens a blob for reading.
   *
   * @param range Bytes from `start` up to and excluding `end`; the whole blob by default.
   * @throws `not-found`. The stream may fail likewise if the blob is removed while it is read. It fails with the
   * system's code EIO where the stored bytes can't be read.
   */
  get(sha256: string, range?: { start: number; end: number }): Promise<Readable>

  /**
   * Resolves to a blob's length and version, without reading its bytes; null if there is no such blob. One that
   * is set aside is told of too, since a `get` finds it.
   */
  stat(sha256: string): Promise<BlobStat | null>

  /** Reads at most `length` bytes of a blob's beginning, set aside or not. Its lease stays. Null if there is none. */
  peek(sha256: string, length: number): Promise<Buffer | null>

  /** Resolves to whether the blob exists. */
  has(sha256: string): Promise<boolean>

  /** Renews a blob's lease, durably. Resolves to false if there is no such blob. */
  renew(sha256: string): Promise<boolean>

  /** Reads when a blob's lease began, in milliseconds since 1970. Null if there is no such blob. */
  touchedAt(sha256: string): Promise<number | null>

  /** Lists the names of all blobs, each once and in no particular order. */
  list(): AsyncIterable<string>

  /**
   * Removes a blob whose lease is older than `unlessTouchedSince`, in milliseconds since 1970.
   *
   * @returns Whether a blob was removed.
   */
  remove(sha256: string, options: { unlessTouchedSince: number }): Promise<boolean>

  /**
   * Sets a blob aside whose lease is older than `unlessTouchedSince`, in milliseconds since 1970.
   *
   * @returns The blob's bytes. Null if there is none, or if its lease is newer.
   */
  setAside(sha256: string, options: { unlessTouchedSince: number }): Promise<number | null>

  /** Lists the blobs that are set aside, in no particular order. */
  listAside(): AsyncIterable<AsideBlob>

  /**
   * Removes a blob that was set aside before `unlessAsideSince`, in milliseconds since 1970.
   *
   * @returns Whether a blob was removed.
   */
  removeAside(sha256: string, options: { unlessAsideSince: number }): Promise<boolean>
}

/** A blob that is set aside. */
export interface AsideBlob {
  readonly sha256: string
  /** Milliseconds since 1970. */
  readonly since: number
}

/**
 * The notes of blobs that have lost a record or a history entry, so that a collector removes those that no
 * other one names. They survive a crash.
 *
 * @remarks `log.append`, `history.prune` and `boards.remove` write the notes of theirs. A note of `append` may
 * come into the list a few seconds later, and after a crash when its board is loaded.
 */
export interface EndedBlobs {
  /** Notes blobs as ended now, durably. */
  note(blobs: readonly string[]): Promise<void>
  /** Lists at most `limit` notes, the oldest first. */
  list(limit: number): Promise<EndedBlob[]>
  /** Forgets notes, but not those of blobs that were noted again since. */
  forget(notes: readonly EndedBlob[]): Promise<void>
  /** Finds those of the blobs that a record or a history entry of any board names. */
  named(blobs: readonly string[]): Promise<Set<string>>
}

/** A note of an ended blob. */
export interface EndedBlob {
  readonly sha256: string
  /** When it was last noted, in milliseconds since 1970. Each note of a blob has a later time. */
  readonly at: number
}

/** The facts of a blob that are known without reading its bytes. */
export interface BlobStat {
  /** Bytes that lie there: fewer than its sender sent if it is cut off. */
  readonly size: number
  /** Changes whenever the stored bytes are written. Null where the engine can't tell. */
  readonly version: string | null
}

/** The links and sessions that give access to a board (F11). They are removed together with it. */
export interface Secrets {
  /** Stores a secret; replaces one with the same hash. Rejects with `unknown-board`. */
  put(secret: Secret): Promise<void>
  /**
   * Stores a secret in place of the one with the same hash, if that is valid and has the `expected` data. Null expects
   * that there is none. One of several calls that expect the same succeeds. Rejects with `unknown-board`.
   *
   * @returns Whether it is stored. One that has expired ends the other one.
   */
  replace(secret: Secret, expected: string | null): Promise<boolean>
  /** Finds a secret by its hash. Null if it doesn't exist or has expired. */
  get(hash: string): Promise<Secret | null>
  /** Lists the valid secrets of a board. Rejects with `unknown-board`. */
  list(board: string): Promise<Secret[]>
  /** Removes a secret. Resolves to false if it didn't exist or had expired. */
  remove(hash: string): Promise<boolean>
  /** Finds those of many hashes whose secrets don't exist or have expired, each once. */
  ended(hashes: readonly string[]): Promise<string[]>
}

/** A link or a session. The engine stores its hash, never the secret itself. */
export interface Secret {
  readonly hash: string
  readonly board: string
  readonly kind: 'link' | 'session'
  /** JSON that the engine returns unchanged. */
  readonly data: string
  /** Milliseconds since 1970; null for a secret that never expires. */
  readonly expiresAt: number | null
}

/** Past events of a board that are no part of its state: the audit list, replaced files, and the frames of slots. */
export interface History {
  /** Appends entries. Rejects with `unknown-board`. */
  append(board: string, entries: readonly HistoryEntry[]): Promise<void>

  /**
   * Lists entries of one kind, newest first. Rejects with `unknown-board`.
   *
   * @param query `subject` restricts the list to one subject, `before` to entries older than that time
   * in milliseconds since 1970. `limit` is a number of entries.
   */
  list(
    board: string,
    query: { kind: HistoryEntry['kind']; subject?: string; before?: number; limit: number },
  ): Promise<HistoryEntry[]>

  /** Lists the blobs that the board's entries need, each once. Rejects with `unknown-board`. */
  blobs(board: string): Promise<string[]>

  /**
   * Deletes entries of one kind. Their blobs are noted as ended. Rejects with `unknown-board`.
   *
   * @param query `subject` restricts it to one subject. `before` names those that are older than that time, in
   * milliseconds since 1970; `keep` all but that many of the newest, at least one. Either is enough.
   */
  prune(
    board: string,
    query: { kind: HistoryEntry['kind']; subject?: string; before?: number; keep?: number },
  ): Promise<void>
}

/** One event in a board's history. */
export interface HistoryEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: 'audit' | 'frame' | 'replaced'
  /** The id of a picture or the name of a slot. */
  readonly subject: string
  /** JSON that the engine returns unchanged. */
  readonly data: string
  /** The blob that the entry needs; null for none. */
  readonly blob: string | null
}

/** Ends a subscription. Idempotent. */
export type Unsubscribe = () => void
