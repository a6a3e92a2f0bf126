import {
  type AnyRecord,
  applyChanges,
  type Batch,
  type Cursor,
  FollowAnswer,
  type ImageRecord,
  idOf,
  parseOrThrow,
} from '@wirephoto/board'
import { type BoardUnderTest, isPicture } from './board-under-test.ts'
import { RawSocket } from './raw-socket.ts'

/** Where a reader stands. */
export interface Place {
  readonly cursor: Cursor
  readonly records: readonly AnyRecord[]
}

/** A reader of a board that keeps to the letter of PROTOCOL.md. */
export class Reader {
  readonly socket: RawSocket
  readonly answer: FollowAnswer
  readonly records: Map<string, AnyRecord>
  cursor: Cursor
  /** The batches that came, in order. */
  readonly batches: Batch[] = []
  /** Events that were looked at. */
  #readCount = 0

  private constructor(socket: RawSocket, answer: FollowAnswer, { cursor, records }: Place) {
    this.socket = socket
    this.answer = answer
    this.cursor = cursor
    this.records = new Map(records.map((record) => [record.id, record]))
  }

  /** Follows from a place; without one, from a snapshot. */
  static async follow(
    board: Pick<BoardUnderTest, 'url' | 'hello' | 'snapshot'>,
    from?: Place,
  ): Promise<Reader> {
    const socket = await RawSocket.open(board)
    const place = from ?? (await board.snapshot())
    const answer = parseOrThrow(FollowAnswer, await socket.ask('follow', { cursor: place.cursor }))
    if (!answer.resumed) throw new Error('The server goes on from no cursor of its own.')
    return new Reader(socket, answer, place)
  }

  get place(): Place {
    this.#read()
    return { cursor: this.cursor, records: [...this.records.values()] }
  }

  /** Resolves with a picture once it is as asked for. */
  async picture(
    id: string,
    fits: (picture: ImageRecord) => boolean = () => true,
  ): Promise<ImageRecord> {
    return this.until((records) => {
      const record = records.get(id)
      return isPicture(record) && fits(record) ? record : undefined
    }, `a change of the picture ${id}`)
  }

  /** Resolves with what `look` finds among the records. */
  async until<T>(
    look: (records: ReadonlyMap<string, AnyRecord>) => T | undefined,
    what: string,
  ): Promise<T> {
    return this.socket.until(() => {
      this.#read()
      return look(this.records)
    }, what)
  }

  close(): void {
    this.socket.close()
  }

  #read(): void {
    const { events, faults } = this.socket
    for (const { name, body } of events.slice(this.#readCount)) {
      if (name === 'reload') faults.push('The server says that it lost our place.')
      if (name === 'changes') this.#apply(body as Batch)
    }
    this.#readCount = events.length
  }

  #apply(batch: Batch): void {
    const { faults } = this.socket
    if (batch.to === this.cursor) return
    if (batch.from !== this.cursor) faults.push('A batch begins at another cursor than ours.')
    if (new Set(batch.changes.map(idOf)).size < batch.changes.length)
      faults.push('A record is twice in a batch.')
    this.batches.push(batch)
    this.cursor = batch.to
    applyChanges(this.records, batch.changes)
  }
}
