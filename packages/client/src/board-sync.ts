import type { Command, FollowAnswer, HeldNews, HeldPicture, Snapshot } from '@wirephoto/board'
import { Arrivals } from './arrivals.ts'
import { ServerClock } from './clock.ts'
import type { CopyKeeper } from './copy-keeper.ts'
import { Emitter } from './events.ts'
import { Feed } from './feed.ts'
import { inBackground } from './in-background.ts'
import { OwnPreviews } from './own-previews.ts'
import { Presence } from './presence.ts'
import { Queue } from './queue.ts'
import { Replica } from './replica.ts'
import { SeenReceipts } from './seen-by.ts'
import type { Store } from './store.ts'
import type { BoardEvents, Problem, Status } from './types.ts'
import { Undo } from './undo.ts'
import { Uploads } from './uploads.ts'
import type { BoardEndpoint } from './urls.ts'
import type { WaitingList } from './waiting-list.ts'

/** Time that the server has for its answer before an earlier copy is shown. */
const COPY_PATIENCE_MS = 2_000

/** The parts of a board, and all that they tell each other: keeps the board in step with its server. */
export class BoardSync {
  /** The board's public events; a part emits its own. */
  readonly events = new Emitter<BoardEvents>()
  readonly clock = new ServerClock()
  readonly replica = new Replica()
  readonly feed: Feed
  readonly queue: Queue
  readonly uploads: Uploads
  readonly previews: OwnPreviews
  readonly arrivals: Arrivals
  readonly seenReceipts: SeenReceipts
  readonly presence: Presence
  readonly undo: Undo
  status: Status = {
    connection: 'connecting',
    slow: false,
    loaded: false,
    copiedAt: null,
    unsent: 0,
    trouble: null,
    refused: null,
    role: null,
  }
  /** The server's answer when the board went live last; null before the first contact. */
  followed: FollowAnswer | null = null
  /** Our own pictures that wait for a moderator, by id. */
  readonly waiting = new Map<string, HeldPicture>()
  #waitingList: WaitingList | undefined
  readonly #endpoint: BoardEndpoint
  readonly #store: Promise<Store>
  #isLasting = false
  /** Settles when earlier pages' commands and files are here. */
  readonly restored: Promise<void>
  #copy: Promise<CopyKeeper | null> | null = null

  constructor(endpoint: BoardEndpoint, store: Promise<Store>) {
    const { clock, events, replica } = this
    const board = endpoint.id
    const channel = new Feed(endpoint)
    const queue = new Queue({ board, store, replica, channel, clock })
    this.#endpoint = endpoint
    this.#store = store
    this.feed = channel
    this.queue = queue
    this.arrivals = new Arrivals(endpoint, replica.pictures, events)
    this.previews = new OwnPreviews(channel, queue, replica.pictures, (id, bytes) =>
      this.arrivals.receivePreview(id, new Uint8Array(bytes), true),
    )
    const { arrivals } = this
    this.uploads = new Uploads({ endpoint, store, replica, queue, arrivals, channel, events })
    this.seenReceipts = new SeenReceipts(channel, events)
    this.presence = new Presence(channel, events)
    this.undo = new Undo(replica, queue, events)
    this.#listen()
    const { presence, seenReceipts } = this
    this.restored = this.#restore()
    if (endpoint.keepsCopy) setTimeout(() => inBackground(this.#showCopy()), COPY_PATIENCE_MS)
    this.feed.open(this.restored, { replica, presence, arrivals, seenReceipts })
  }

  /** Whether a page that goes now takes something unsent with it. */
  get losesUnsent(): boolean {
    const { queue, uploads } = this
    return (!this.#isLasting && queue.size > 0) || queue.hasUnkept || uploads.hasUnkept
  }

  /** Connects again. A refused board stays so until it is live. */
  reconnect(): void {
    this.#stop()
    if (!this.status.refused) this.setStatus({ connection: 'connecting' })
    this.feed.reconnect()
  }

  /** Stops. Resolves when all that is unsent lies in the store. */
  async close(): Promise<void> {
    this.setStatus({ connection: 'closed' })
    if (typeof window !== 'undefined') window.removeEventListener('pagehide', this.#onPageHide)
    this.uploads.close()
    this.presence.close()
    this.arrivals.close()
    this.seenReceipts.close()
    this.feed.close()
    await this.queue.close()
  }

  /** Everything that the parts tell. */
  #listen(): void {
    this.feed.on('snapshot', (snapshot) => this.#onSnapshot(snapshot))
    this.feed.on('show', ({ id }) => this.events.emit('show', id))
    for (const event of ['frame', 'shown'] as const)
      this.feed.on(event, (frame) => this.events.emit(event, frame))
    this.feed.on('downloads', (downloads) => this.events.emit('downloads', downloads))
    this.feed.on('held', (news) => inBackground(this.#listWaiting([], news)))
    this.feed.on('notice', (problem) => this.events.emit('notice', problem))
    this.feed.on('live', ({ followed, isSlow }) => this.#onLive(followed, isSlow))
    this.feed.on('offline', (why) => this.#onOffline(why))
    this.feed.on('refused', (why) => this.#onRefused(why))
    this.replica.on('trashed', (trashed) => this.events.emit('trashed', trashed))
    this.replica.on('records', (ids) => this.#onRecords(ids))
    this.queue.on('changed', () => this.#onQueueChanged())
    this.queue.on('slowed', (why) => this.events.emit('notice', why))
    this.events.on('uploads', () => this.#onTrouble())
    this.queue.on('held', (ids) => inBackground(this.#listWaiting(ids)))
    this.queue.on('refused', ({ commands, why }) => this.#onCommandsRefused(commands, why))
    if (typeof window !== 'undefined') window.addEventListener('pagehide', this.#onPageHide)
  }

  #onSnapshot(snapshot: Snapshot): void {
    const isFirst = !this.replica.isLoaded
    this.replica.load(snapshot)
    // The first snapshot may be older than pictures whose files an earlier page has left.
    if (!isFirst) this.uploads.review(this.uploads.shown.keys())
    this.setStatus({ loaded: true, copiedAt: null })
    inBackground(this.#copies())
  }

  #onLive(followed: FollowAnswer, slow: boolean): void {
    this.followed = followed
    this.replica.visitor = followed.visitor
    this.clock.set(followed.now)
    // Nobody tells any more who is here.
    if (slow) this.presence.clear()
    // The changes since the copy came before this answer.
    this.replica.isLoaded = true
    const { role } = followed
    if (role === 'add') {
      this.replica.isHeldKnown = false
      inBackground(this.#listWaiting())
    }
    this.setStatus({ connection: 'live', slow, trouble: null, copiedAt: null, refused: null, role })
    inBackground(this.#copies())
    this.queue.online = true
    this.presence.greet()
    this.previews.pump()
    this.uploads.onLive(slow)
  }

  #onOffline(trouble: Problem | null): void {
    this.#stop()
    if (this.status.loaded) return this.setStatus({ connection: 'offline', trouble })
    // With the copy, so that nobody is told that there is none.
    const tell = (): void => {
      const isNews = this.status.connection !== 'closed' && !this.queue.online
      if (isNews) this.setStatus({ connection: 'offline', trouble })
    }
    inBackground(this.#showCopy().finally(tell))
  }

  #onRefused(refused: Problem): void {
    this.#stop()
    this.uploads.bar()
    this.setStatus({ connection: 'offline', trouble: null, refused })
    this.events.emit('notice', refused)
    inBackground(this.#copies())
    // It removes the copy and ends, unless only this page is too old.
    if (refused.code !== 'old-page') this.#copy = null
  }

  /** Nothing comes from the server for now. */
  #stop(): void {
    this.queue.online = false
    this.presence.clear()
    this.arrivals.clear()
  }

  #onRecords(ids: ReadonlySet<string>): void {
    if (ids.has('board')) this.events.emit('settings', this.replica.settings)
    this.undo.review()
    const pictures = new Set(ids)
    pictures.delete('board')
    if (pictures.size === 0) return
    this.uploads.review(pictures)
    this.arrivals.review(pictures)
    this.queue.resume()
    this.events.emit('pictures', pictures)
  }

  #onQueueChanged(): void {
    this.setStatus({ unsent: this.queue.size })
    this.#onTrouble()
    this.previews.pump()
    this.uploads.pump()
  }

  /** The server has said whether it takes anything at the moment. */
  #onTrouble(): void {
    if (this.status.connection === 'live')
      this.setStatus({ trouble: this.queue.trouble ?? this.uploads.trouble })
  }

  #onCommandsRefused(commands: readonly Command[], why: Problem): void {
    for (const command of commands)
      if (command.kind === 'image.add') this.uploads.fail(command.id, why, command)
    this.events.emit('notice', why)
  }

  /** Lists our own pictures that wait, with those that were just added. Without its code, the next call tries again. */
  async #listWaiting(added: readonly string[] = [], news: HeldNews = {}): Promise<void> {
    for (const id of added) this.replica.held.add(id)
    const { WaitingList } = await import('./waiting-list.ts')
    this.#waitingList ??= new WaitingList(this.#endpoint, this)
    this.#waitingList.decide(news)
  }

  /** The page goes, perhaps for good: numbers and files must be in the store. */
  readonly #onPageHide = (): void => {
    this.queue.saveNow()
    this.uploads.release()
  }

  /** Shows the board as it was here last, until the server answers. */
  async #showCopy(): Promise<void> {
    await (await this.#copies())?.show()
  }

  /** Opens this browser's copy; null if none is wanted or possible. */
  #copies(): Promise<CopyKeeper | null> {
    const { keepsCopy } = this.#endpoint
    const open = async () => {
      const { openCopy } = await import('./copy-keeper.ts')
      return openCopy(this.#endpoint, this)
    }
    this.#copy ??= keepsCopy ? open().catch(() => null) : Promise.resolve(null)
    return this.#copy
  }

  /** Takes over the commands and files that earlier pages left unsent. */
  async #restore(): Promise<void> {
    try {
      const store = await this.#store
      this.#isLasting = store.isLasting ?? false
      const [commands, files] = await Promise.all([
        store.commands(this.#endpoint.id),
        store.files(this.#endpoint.id),
      ])
      this.queue.adopt(commands)
      this.uploads.adopt(files)
    } catch {
      // A store that can't be read is as good as an empty one.
    }
  }

  /** Tells of a change of the status. */
  setStatus(news: Partial<Status>): void {
    const before = this.status
    this.status = { ...before, ...news }
    const keys = Object.keys(news) as (keyof Status)[]
    if (keys.some((key) => before[key] !== this.status[key]))
      this.events.emit('status', this.status)
  }
}
