import {
  type BoardPatch,
  type BoardRecord,
  type Command,
  cleanName,
  type FollowAnswer,
  type ImageAdd,
  type ImagePatch,
  type ImageRecord,
  limits,
  type Previews,
  WireError,
} from '@wirephoto/board'
import { type Arrival, Arrivals } from './arrivals.ts'
import { defaultStore } from './database-store.ts'
import { Emitter, until } from './events.ts'
import { Feed } from './feed.ts'
import { newId, newToken } from './ids.ts'
import { type Person, Presence } from './presence.ts'
import { Queue } from './queue.ts'
import { Replica } from './replica.ts'
import { type SeenBy, SeenReceipts } from './seen-by.ts'
import type { Store } from './store.ts'
import type {
  BoardEvents,
  DragPosition,
  NewPicture,
  OpenOptions,
  Place,
  Problem,
  Status,
} from './types.ts'
import { Undo } from './undo.ts'
import { type OwnUpload, Uploads } from './uploads.ts'

/** Milliseconds that bytes wait for commands, at the most. */
const COMMANDS_WAIT_MS = 1_000

/** Opens a board at once; its pictures come with the `pictures` event, see `status`. */
export function openBoard(options: OpenOptions): Board {
  return new Board(options)
}

/** A live board: what it shows is the server's truth with one's own unanswered commands applied. */
export class Board {
  readonly url: string
  readonly id: string
  readonly #events = new Emitter<BoardEvents>()
  readonly #store: Promise<Store>
  readonly #replica: Replica
  readonly #queue: Queue
  readonly #uploads: Uploads
  readonly #arrivals: Arrivals
  readonly #seenReceipts: SeenReceipts
  readonly #presence: Presence
  readonly #undo: Undo
  readonly #feed: Feed
  #status: Status = { connection: 'connecting', loaded: false, unsent: 0, refused: null }
  #followed: FollowAnswer | null = null
  /** Milliseconds that the server's clock is ahead of ours. */
  #ahead = 0
  /** Those who want files to wait. */
  #holds = 0
  #rank: (id: string) => number = () => 0

  constructor({ url, board, store, token }: OpenOptions) {
    this.url = url.replace(/\/$/, '')
    this.id = board
    this.#store = store ? Promise.resolve(store) : defaultStore()
    const headers = authorization(token)
    this.#replica = new Replica({
      visitor: () => this.visitor ?? '',
      changed: (ids) => this.#onRecords(ids),
    })
    this.#queue = new Queue({
      board,
      store: this.#store,
      replica: this.#replica,
      send: (message) => this.#feed.send(message),
      clock: () => ({ now: this.#now(), hasServerTime: this.#followed !== null }),
      refused: (commands, why) => this.#onRefusedCommands(commands, why),
      changed: () => {
        this.#setStatus({ unsent: this.#queue.size })
        this.#uploads.pump()
      },
    })
    this.#uploads = new Uploads({
      board,
      headers,
      endpoint: `${this.url}/api/boards/${board}/uploads`,
      store: this.#store,
      page: newId(Date.now()),
      pictures: this.#replica.pictures,
      isAdding: (id) => this.#queue.isAdding(id),
      isHeld: () => this.#holds > 0 || (this.#queue.isAnnouncing && this.#queue.online),
      whenIdle: () =>
        Promise.race([
          this.settled(),
          new Promise<void>((end) => setTimeout(end, COMMANDS_WAIT_MS)),
        ]),
      rank: (id) => this.#rank(id),
      isGone: (id) => this.#isGone(id),
      changed: (ids) => this.#events.emit('uploads', ids),
      say: (sending) => this.#feed.reportUploads(sending),
      failed: (_id, why) => this.#events.emit('notice', why),
    })
    this.#arrivals = new Arrivals({
      pictures: this.#replica.pictures,
      fetch: async (id) => {
        const response = await fetch(`${this.url}/b/${board}/arrivals/${id}/preview`, { headers })
        return response.ok ? response.blob() : null
      },
      changed: (ids) => this.#events.emit('arrivals', ids),
    })
    this.#seenReceipts = new SeenReceipts({
      report: (ids) => this.#feed.reportSeen(ids),
      changed: (ids) => this.#events.emit('seen', ids),
    })
    this.#presence = new Presence({
      show: (state, isPassing) => this.#feed.sendPresence(state, isPassing),
      changed: (ids) => this.#events.emit('drags', ids),
      met: () => this.#events.emit('people', undefined),
    })
    this.#undo = new Undo(this, (commands) => this.#queue.push(commands))
    this.#feed = new Feed({
      url: this.url,
      board,
      headers,
      ready: this.#restore(),
      snapshot: (snapshot) => {
        this.#replica.load(snapshot)
        this.#uploads.review(this.#uploads.shown.keys())
        this.#setStatus({ loaded: true })
      },
      batch: (batch) => {
        const moved = batch.changes.flatMap((change) => {
          if (!('put' in change) || change.put.kind !== 'image') return []
          const before = this.pictures.get(change.put.id)
          const { id, x, y, w } = change.put
          return before?.x === x && before.y === y && before.w === w ? [] : id
        })
        this.#replica.apply(batch)
        this.#presence.moved(moved)
      },
      present: (present, all) =>
        this.#presence.receive(present, this.#followed?.session ?? null, all),
      arrivals: (news) => this.#arrivals.receive(news, this.#status.connection !== 'live'),
      preview: (id, bytes) => this.#arrivals.show(id, bytes),
      people: (count) => this.#presence.count(count),
      seen: (seenBy) => this.#seenReceipts.receive(seenBy),
      shown: ({ id }) => this.#events.emit('show', id),
      notice: (why) => this.#events.emit('notice', why),
      live: (followed) => {
        this.#followed = followed
        this.#ahead = followed.now - Date.now()
        this.#setStatus({ connection: 'live' })
        this.#queue.online = true
        this.#presence.greet()
        this.#uploads.onLive()
      },
      offline: () => this.#onOffline(),
      refused: (refused) => {
        this.#onOffline()
        this.#setStatus({ refused })
        this.#events.emit('notice', refused)
      },
    })
    if (typeof window !== 'undefined') window.addEventListener('pagehide', this.#onPageHide)
  }

  /** Every picture by id, trashed ones too (`deletedAt`). The same map for ever, changed in place. */
  get pictures(): ReadonlyMap<string, ImageRecord> {
    return this.#replica.pictures
  }

  get title(): string {
    return this.settings.title
  }

  /** The board's own settings. */
  get settings(): BoardRecord {
    return this.#replica.settings
  }

  /** Whoever else is here, by session: their names, pointers, selections. */
  get people(): ReadonlyMap<string, Person> {
    return this.#presence.people
  }

  /** How many visitors are here, oneself included; of a crowd `people` is a sample. */
  get visitorCount(): number {
    return this.#presence.visitorCount
  }

  get status(): Status {
    return this.#status
  }

  /** One's own public id, as in `author`; null before the first contact. */
  get visitor(): string | null {
    return this.#followed?.visitor ?? null
  }

  /** Where pictures in others' hands are now. */
  get drags(): ReadonlyMap<string, DragPosition> {
    return this.#presence.drags
  }

  get uploads(): ReadonlyMap<string, OwnUpload> {
    return this.#uploads.shown
  }

  /** A picture on its way, be it one's own or another's; null when it is stored, or nothing is known. */
  arrival(id: string): Arrival | null {
    return this.#arrivals.get(id)
  }

  /** What others have sent of a picture to be seen at once: WebP; null when there is none, or better. */
  preview(id: string): Blob | null {
    return this.#arrivals.preview(id)
  }

  /** Who else has one's own new picture on their screen. */
  seenBy(id: string): SeenBy | null {
    return this.#seenReceipts.get(id)
  }

  /** Tells the senders of these pictures that they are painted here, within view. */
  reportSeen(ids: readonly string[]): void {
    const old = this.#now() - limits.seenByWindowMs
    const others = ids.filter((id) => {
      const picture = this.pictures.get(id)
      return picture && picture.author !== this.visitor && picture.createdAt > old
    })
    if (this.#followed) this.#seenReceipts.report(others)
  }

  /** Has every screen (`/b/<board>/show`) show a picture. False when there is no line. */
  show(id: string): boolean {
    return this.#feed.showOnScreens({ id })
  }

  /** The name that a visitor has given, empty when none is known. */
  nameOf(visitor: string): string {
    return this.#presence.names.get(visitor) ?? ''
  }

  /** What others shall call us; empty for nothing. */
  setName(name: string): void {
    this.#presence.setName(name)
  }

  /** Shows others where our pointer is on the board; null when it has left. */
  point(at: Place | null): void {
    this.#presence.point(at)
  }

  /** Shows others what we have selected. */
  select(ids: readonly string[]): void {
    this.#presence.select(ids)
  }

  /** Files wait until the returned function is called: what is smaller is about to be sent. */
  pauseUploads(): () => void {
    this.#holds++
    let isHeld = true
    return () => {
      if (isHeld) this.#holds--
      isHeld = false
      this.#uploads.pump()
    }
  }

  /** Files of pictures with a higher rank are sent sooner. */
  setUploadPriority(rank: (id: string) => number): void {
    this.#rank = rank
  }

  /** Calls back until the returned function is called. */
  on<E extends keyof BoardEvents>(event: E, listener: (value: BoardEvents[E]) => void): () => void {
    return this.#events.on(event, listener)
  }

  /**
   * Adds pictures, which stand at once; their files follow, two at a time. The new ids. What is added
   * for the same `step` is one undo step, be it in several calls.
   */
  add(pictures: readonly NewPicture[], step?: object): string[] {
    const previews: Record<string, Uint8Array> = {}
    const adds = pictures.map(({ file, name, id, preview, ...picture }) => ({
      file,
      preview,
      command: {
        kind: 'image.add',
        id: id ?? newId(this.#now()),
        ...picture,
        ...(picture.caption !== undefined && {
          caption: picture.caption.slice(0, limits.captionLength),
        }),
        name: cleanName(name),
      } satisfies ImageAdd,
    }))
    for (const { command, preview } of adds)
      if (preview && preview.length <= limits.previewBytes) previews[command.id] = preview
    this.#do(
      adds.map(({ command }) => command),
      step,
      previews,
    )
    for (const { command, file } of adds) this.#uploads.add(command, file)
    return adds.map(({ command }) => command.id)
  }

  /**
   * What is asked for in one turn of the event loop (patches of a whole selection) is one undo step, and so
   * is what is patched for the same `step` with nothing else in between.
   */
  patch(id: string, set: ImagePatch['set'], step?: object): void {
    const { caption } = set
    const within = { ...set, caption: caption?.slice(0, limits.captionLength) }
    const given = Object.entries(within).filter(([, value]) => value !== undefined)
    this.#do([{ kind: 'image.patch', id, set: Object.fromEntries(given) }], step)
  }

  remove(ids: readonly string[]): void {
    this.#do(ids.map((id) => ({ kind: 'image.remove', id })))
  }

  restore(ids: readonly string[]): void {
    this.#do(ids.map((id) => ({ kind: 'image.restore', id })))
  }

  rename(title: string): void {
    this.set({ title: title.slice(0, limits.titleLength) })
  }

  /** Changes settings of the board. */
  set(settings: BoardPatch['set']): void {
    this.#do([{ kind: 'board.patch', set: settings }])
  }

  /** Puts copies of stored pictures at these places, on top; their ids. */
  copy(copies: readonly ({ sourceId: string } & Place)[]): string[] {
    const commands = copies.map(
      ({ sourceId, x, y }) =>
        ({ kind: 'image.copy', id: newId(this.#now()), sourceId, x, y }) as const,
    )
    this.#do(commands)
    return commands.map(({ id }) => id)
  }

  /** Takes pictures out of the trash for good. There is no undo. */
  purge(ids: readonly string[]): void {
    this.#queue.push(ids.map((id) => ({ kind: 'image.purge', id })))
  }

  /** Shows others what is in one's hand; null when it is let go (after the patches). */
  drag(positions: Readonly<Record<string, DragPosition>> | null): void {
    this.#presence.drag(positions)
  }

  /** Tries a failed upload again. */
  retry(id: string): void {
    const add = this.#uploads.retry(id)
    if (add) this.#queue.push([add])
  }

  /** Gives one's own upload up, and its picture with it, for good. */
  async cancel(id: string): Promise<void> {
    if (this.#isGone(id)) return this.#uploads.drop(id)
    if (await this.#uploads.cancel(id)) return
    if (this.pictures.get(id)?.deletedAt === null) this.#queue.push([{ kind: 'image.remove', id }])
  }

  /**
   * Resolves with the picture's record when it is stored.
   *
   * Rejects with a `WireError`: the reason for which its upload failed, `upload-gone` if it was given up
   * here, `unknown-picture` if it isn't on the board, or the reason for which the board was refused.
   * Rejects with an `Error` when the board is closed.
   */
  stored(id: string): Promise<ImageRecord> {
    return until(this.#events, ['uploads', 'pictures', 'status'], () => {
      const picture = this.pictures.get(id)
      if (picture?.blob) return picture
      const upload = this.uploads.get(id)
      if (upload?.error) throw toWireError(upload.error)
      if (!upload && this.#uploads.isCancelled(id)) throw new WireError('upload-gone')
      this.#throwIfEnded()
      if (!upload && this.#isGone(id)) throw new WireError('unknown-picture')
      return null
    })
  }

  /**
   * Resolves when no command is unanswered. Rejects if some are when the board is refused (a `WireError`
   * with the reason's code) or closed (an `Error`).
   */
  async settled(): Promise<void> {
    await until(this.#events, ['status'], () => {
      if (this.#queue.size === 0) return true
      this.#throwIfEnded()
      return null
    })
  }

  /** Takes one's last step back. False when there was none that still could be. */
  undo(): boolean {
    return this.#step(() => this.#undo.undo())
  }

  redo(): boolean {
    return this.#step(() => this.#undo.redo())
  }

  get canUndo(): boolean {
    return this.#undo.canUndo
  }

  get canRedo(): boolean {
    return this.#undo.canRedo
  }

  /** Stops; what is unsent stays in the store for the next page. */
  async close(): Promise<void> {
    this.#setStatus({ connection: 'closed' })
    if (typeof window !== 'undefined') window.removeEventListener('pagehide', this.#onPageHide)
    this.#uploads.close()
    this.#presence.close()
    this.#arrivals.close()
    this.#seenReceipts.close()
    this.#feed.close()
    await this.#queue.close()
  }

  /** Now, by the server's clock once it is known. */
  #now(): number {
    return Date.now() + this.#ahead
  }

  /** Takes over what earlier pages left unsent. */
  async #restore(): Promise<void> {
    try {
      const store = await this.#store
      const [commands, files] = await Promise.all([store.commands(this.id), store.files(this.id)])
      this.#queue.adopt(commands)
      this.#uploads.adopt(files)
    } catch {
      // A store that can't be read is as good as an empty one.
    }
  }

  /** Whether a picture is known not to be there, and not to come. */
  #isGone(id: string): boolean {
    return this.#status.loaded && !this.pictures.has(id) && !this.#queue.isAdding(id)
  }

  /** Throws if nothing more will come from the server. */
  #throwIfEnded(): void {
    const { refused, connection } = this.#status
    if (refused) throw toWireError(refused)
    if (connection === 'closed') throw new Error('This board is closed. Open it again.')
  }

  #do(commands: readonly Command[], step?: object, previews?: Previews): void {
    this.#step(() => {
      this.#undo.note(commands, step)
      this.#queue.push(commands, previews)
    })
  }

  /** Runs what may change whether there is something to undo. */
  #step<T>(run: () => T): T {
    const before = [this.canUndo, this.canRedo]
    const result = run()
    if (before[0] !== this.canUndo || before[1] !== this.canRedo)
      this.#events.emit('undo', undefined)
    return result
  }

  #onRecords(ids: ReadonlySet<string>): void {
    if (ids.has('board')) this.#events.emit('settings', this.settings)
    const pictures = new Set(ids)
    pictures.delete('board')
    if (pictures.size === 0) return
    this.#uploads.review(pictures)
    this.#arrivals.review(pictures)
    this.#events.emit('pictures', pictures)
  }

  #onRefusedCommands(commands: readonly Command[], why: Problem): void {
    for (const command of commands)
      if (command.kind === 'image.add') this.#uploads.fail(command.id, why)
    this.#events.emit('notice', why)
  }

  #onOffline(): void {
    this.#queue.online = false
    this.#presence.clear()
    this.#arrivals.clear()
    this.#setStatus({ connection: 'offline' })
  }

  /** The page goes, perhaps for good: numbers and files must be in the store. */
  readonly #onPageHide = (): void => {
    this.#queue.flush()
    this.#uploads.release()
  }

  #setStatus(news: Partial<Status>): void {
    const before = this.#status
    this.#status = { ...before, ...news }
    const keys = Object.keys(news) as (keyof Status)[]
    if (keys.some((key) => before[key] !== this.#status[key]))
      this.#events.emit('status', this.#status)
  }
}

const toWireError = (problem: Problem): WireError =>
  Object.assign(new WireError(problem.code), problem)

/** Browsers have a cookie; elsewhere a token says who is asking. */
function authorization(token: string | undefined): Record<string, string> {
  const isPage = typeof document !== 'undefined' || typeof location !== 'undefined'
  if (token === undefined && isPage) return {}
  return { authorization: `Bearer ${token ?? newToken()}` }
}
