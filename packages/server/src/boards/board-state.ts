import {
  type AnyRecord,
  applyChanges,
  type Batch,
  type Cursor,
  type ImageRecord,
  idOf,
} from '@wirephoto/board'
import type { Clients, LoadResult } from '@wirephoto/engine'
import { BoardRecords } from './board-records.ts'
import { BoardTally } from './board-tally.ts'
import { ClientStates } from './client-states.ts'
import { RecentBatches } from './recent-batches.ts'

/** The state of a live board at its cursor, as this server has it in memory. */
export class BoardState {
  cursor!: Cursor
  readonly records = new BoardRecords()
  readonly clients = new ClientStates()
  readonly tally = new BoardTally()
  readonly recent = new RecentBatches()
  tombstoneCount = 0
  /** By blob, the picture that last came with it: the first place to look. */
  readonly #pictureByBlob = new Map<string, string>()

  /** Finds a picture, trashed or not, that has this blob, and this variant of it. */
  pictureWithBlob(sha256: string, side?: number): ImageRecord | undefined {
    const has = (record: AnyRecord | undefined): record is ImageRecord =>
      record?.kind === 'image' &&
      record.blob === sha256 &&
      (side === undefined || record.variants?.includes(side) === true)
    const likely = this.#pictureByBlob.get(sha256)
    if (likely === undefined) return undefined
    const record = this.records.get(likely)
    return has(record) ? record : this.records.values().find(has)
  }

  /** Applies the batch that follows the cursor. */
  advance(batch: Batch, clients: Clients): void {
    for (const change of batch.changes) {
      if ('gone' in change) this.tombstoneCount++
      this.tally.count(this.records.get(idOf(change)), 'put' in change ? change.put : undefined)
    }
    const before = batch.changes.map((change) => this.records.get(idOf(change)))
    applyChanges(this.records, batch.changes)
    for (const record of before) this.#forgetBlob(record)
    for (const change of batch.changes) if ('put' in change) this.#indexBlob(change.put)
    this.clients.remember(clients)
    this.cursor = batch.to
    this.recent.push(batch)
  }

  /** Begins again with what the log has. */
  load({ cursor, records, clients, tombstoneCount }: LoadResult): void {
    this.tombstoneCount = tombstoneCount
    this.records.clear()
    this.clients.clear()
    this.#pictureByBlob.clear()
    this.recent.clear()
    this.tally.clear()
    for (const record of records) {
      this.records.set(record.id, record)
      this.tally.count(undefined, record)
      this.#indexBlob(record)
    }
    this.clients.remember(clients)
    this.cursor = cursor
  }

  /** Forgets the blob of an earlier record, unless another picture has it. */
  #forgetBlob(record: AnyRecord | undefined): void {
    if (record?.kind !== 'image' || record.blob === null) return
    const { blob, id } = record
    if (this.#pictureByBlob.get(blob) !== id) return
    const now = this.records.get(id)
    if (now?.kind === 'image' && now.blob === blob) return
    const other = this.records.values().find((each) => each.kind === 'image' && each.blob === blob)
    if (other) this.#pictureByBlob.set(blob, other.id)
    else this.#pictureByBlob.delete(blob)
  }

  #indexBlob(record: AnyRecord): void {
    if (record.kind === 'image' && record.blob) this.#pictureByBlob.set(record.blob, record.id)
  }
}
