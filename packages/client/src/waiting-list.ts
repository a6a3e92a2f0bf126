import type { HeldNews, HeldPicture, HeldPictures } from '@wirephoto/board'
import type { Emitter } from './events.ts'
import type { Replica } from './replica.ts'
import type { BoardEvents, WaitingOutcome } from './types.ts'
import type { Uploads } from './uploads.ts'
import { type BoardEndpoint, heldUrl } from './urls.ts'

/** Time between two looks at what waits: news may be lost, and without a socket or a bus none is pushed. */
const LOOK_INTERVAL_MS = 30_000
const ANSWER_TIMEOUT_MS = 10_000

/** The board whose pictures wait. */
interface WaitingBoard {
  readonly replica: Replica
  readonly waiting: Map<string, HeldPicture>
  readonly events: Emitter<BoardEvents>
  readonly uploads: Pick<Uploads, 'shown' | 'review' | 'drop'>
}

/** Our own pictures that wait for a moderator, as the server lists them. */
export class WaitingList {
  readonly #endpoint: BoardEndpoint
  readonly #board: WaitingBoard
  /** The decisions that the server has told of. */
  readonly #decided = new Map<string, HeldNews[string]>()
  #running: Promise<void> | null = null
  #isStale = false
  #isClosed = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(endpoint: BoardEndpoint, board: WaitingBoard) {
    this.#endpoint = endpoint
    this.#board = board
    const { events, replica, uploads } = board
    events.on('uploads', (ids) => {
      const isEnded = (id: string): boolean => {
        const upload = uploads.shown.get(id)
        return replica.held.has(id) && (!upload || upload.sent === upload.total)
      }
      if ([...ids].some(isEnded)) this.refresh()
    })
    events.on('pictures', (ids) => {
      if ([...ids].some((id) => replica.held.has(id))) this.refresh()
    })
    events.on('status', ({ connection }) => {
      if (connection === 'closed') this.#close()
    })
  }

  /** Takes the server's word on some of them. */
  decide(news: HeldNews): void {
    for (const [id, outcome] of Object.entries(news)) this.#decided.set(id, outcome)
    this.refresh()
  }

  /** Asks the server again, once for all who ask meanwhile. */
  refresh(): void {
    this.#isStale = true
    this.#running ??= this.#run()
  }

  async #run(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false
      const listed = await this.#fetch().catch(() => null)
      if (listed && !this.#isClosed) this.#show(listed)
    }
    // In the same turn as the look above, so that a later call starts the loop again.
    this.#running = null
    clearTimeout(this.#timer)
    const { replica } = this.#board
    if (!this.#isClosed && (replica.held.size > 0 || !replica.isHeldKnown))
      this.#timer = setTimeout(() => this.refresh(), LOOK_INTERVAL_MS)
  }

  async #fetch(): Promise<readonly HeldPicture[]> {
    const response = await fetch(heldUrl(this.#endpoint), {
      headers: this.#endpoint.headers,
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(response.statusText)
    return ((await response.json()) as HeldPictures).pictures
  }

  #show(pictures: readonly HeldPicture[]): void {
    const { replica, waiting, events, uploads } = this.#board
    const told = new Map<string, WaitingOutcome>()
    const listed = new Map(
      pictures.filter(({ author }) => author === replica.visitor).map((each) => [each.id, each]),
    )
    for (const id of [...waiting.keys(), ...replica.held]) {
      if (listed.has(id) || uploads.shown.has(id)) continue
      if (waiting.delete(id)) told.set(id, this.#outcomeOf(id))
      this.#decided.delete(id)
      replica.held.delete(id)
    }
    for (const [id, picture] of listed) {
      const before = waiting.get(id)
      if (before?.state !== picture.state || before.caption !== picture.caption)
        told.set(id, 'waiting')
      waiting.set(id, picture)
      replica.held.add(id)
      // No feed tells that it is stored.
      if (picture.blob !== null) uploads.drop(id, true)
    }
    replica.isHeldKnown = true
    if (told.size > 0) events.emit('waiting', told)
    uploads.review([...uploads.shown.keys()])
  }

  #outcomeOf(id: string): WaitingOutcome {
    return this.#decided.get(id) ?? (this.#board.replica.pictures.has(id) ? 'approved' : 'gone')
  }

  #close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }
}
