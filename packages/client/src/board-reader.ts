import {
  type AnyRecord,
  type Batch,
  type BoardRecord,
  emptyBoard,
  type ImageRecord,
  idOf,
  type Snapshot,
} from '@wirephoto/board'
import { Arrivals } from './arrivals.ts'
import { Emitter } from './events.ts'
import { Feed } from './feed.ts'
import { authorization } from './ids.ts'
import type { BoardEvents, OpenOptions, Status } from './types.ts'

const nothing = (): void => {}

/** A board that is only looked at: a third of the code of a `Board`, for elements on other sites' pages. */
export class BoardReader {
  readonly url: string
  readonly id: string
  readonly headers: Readonly<Record<string, string>>
  /** Every picture by id, as `Board.pictures`. */
  readonly pictures = new Map<string, ImageRecord>()
  settings: BoardRecord = emptyBoard
  status: Pick<Status, 'connection' | 'loaded' | 'trouble' | 'refused' | 'role'> = {
    connection: 'connecting',
    loaded: false,
    trouble: null,
    refused: null,
    role: null,
  }
  readonly #events = new Emitter<BoardEvents>()
  readonly #statusEvents = new Emitter<{ status: BoardReader['status'] }>()
  readonly #arrivals: Arrivals
  readonly #feed: Feed

  constructor({ url, board, token }: Pick<OpenOptions, 'url' | 'board' | 'token'>) {
    this.url = url
    this.id = board
    this.headers = authorization(token)
    this.#arrivals = new Arrivals(this, this.pictures, this.#events)
    this.#feed = new Feed(this)
    this.#feed.on('snapshot', (snapshot) => this.#load(snapshot))
    this.#feed.on('frame', (frame) => this.#events.emit('frame', frame))
    this.#feed.on('live', ({ followed: { role } }) =>
      this.#setStatus({ connection: 'live', loaded: true, trouble: null, refused: null, role }),
    )
    this.#feed.on('offline', (trouble) => this.#setStatus({ connection: 'offline', trouble }))
    this.#feed.on('refused', (refused) => this.#setStatus({ connection: 'offline', refused }))
    this.#feed.open(Promise.resolve(), {
      replica: { apply: (batch) => this.#apply(batch), movedBy: () => [] },
      arrivals: this.#arrivals,
      presence: { receive: nothing, count: nothing, moved: nothing },
      seenReceipts: { receive: nothing },
    })
  }

  /** Calls `listener` at every such event, until the returned function is called. */
  on<E extends 'pictures' | 'settings' | 'arrivals' | 'frame'>(
    event: E,
    listener: (value: BoardEvents[E]) => void,
  ): () => void {
    return this.#events.on(event, listener)
  }

  onStatus(listener: () => void): () => void {
    return this.#statusEvents.on('status', listener)
  }

  /** Returns a small picture to show until the file is there, as `Board.preview`. */
  preview(id: string): Blob | null {
    return this.#arrivals.preview(id)
  }

  close(): void {
    this.#feed.close()
    this.#arrivals.close()
    this.#setStatus({ connection: 'closed' })
  }

  #load({ records }: Snapshot): void {
    const ids = new Set(this.pictures.keys())
    this.pictures.clear()
    for (const record of records) {
      this.#put(record)
      ids.add(record.id)
    }
    this.#tell(ids)
    this.#setStatus({ loaded: true })
  }

  #apply({ changes }: Batch): void {
    for (const change of changes)
      if ('put' in change) this.#put(change.put)
      else this.pictures.delete(change.gone)
    this.#tell(new Set(changes.map(idOf)))
  }

  #put(record: AnyRecord): void {
    if (record.kind === 'image') this.pictures.set(record.id, record)
    else this.settings = record
  }

  #tell(ids: Set<string>): void {
    if (ids.delete('board')) this.#events.emit('settings', this.settings)
    this.#arrivals.review(ids)
    if (ids.size > 0) this.#events.emit('pictures', ids)
  }

  #setStatus(news: Partial<BoardReader['status']>): void {
    this.status = { ...this.status, ...news }
    this.#statusEvents.emit('status', this.status)
  }
}
