import {
  type BoardPatch,
  type BoardRecord,
  type Command,
  type HeldPicture,
  type ImagePatch,
  type ImageRecord,
  limits,
  personColour,
} from '@wirephoto/board'
import type { Arrival } from './arrivals.ts'
import { BoardSync } from './board-sync.ts'
import { addCommand, patchCommand } from './commands.ts'
import { authorization, newId } from './ids.ts'
import type { PictureSource } from './picture-source.ts'
import type { Person } from './presence.ts'
import type { SeenBy } from './seen-by.ts'
import type { Store } from './store.ts'
import type {
  AddOptions,
  BoardEvents,
  DragPosition,
  NewPicture,
  OpenOptions,
  OwnUpload,
  PictureChange,
  Place,
  Problem,
  Status,
} from './types.ts'

/** Opens a board at once. Its pictures come with the `pictures` event, its connection with `status`. */
export function openBoard(options: OpenOptions): Board {
  return new Board(options)
}

/** A live board: the server's records, with one's own unanswered commands applied to them. */
export class Board {
  /** Where the server is reached, without a slash at the end. */
  readonly url: string
  readonly id: string
  /** The headers that say who asks, for requests to the server. */
  readonly headers: Readonly<Record<string, string>>
  readonly #sync: BoardSync

  constructor({ url, board, store, token, isWall, keepsCopy }: OpenOptions) {
    this.url = url.replace(/\/$/, '')
    this.id = board
    this.headers = authorization(token)
    this.#sync = new BoardSync(
      { url: this.url, id: board, headers: this.headers, isWall, keepsCopy },
      store ? Promise.resolve(store) : openDefaultStore(this.url),
    )
  }

  /** Calls `listener` at every such event, until the returned function is called. */
  on<E extends keyof BoardEvents>(event: E, listener: (value: BoardEvents[E]) => void): () => void {
    return this.#sync.events.on(event, listener)
  }

  /** Every picture by id, trashed ones (`deletedAt`) too. It is always the same map, changed in place. */
  get pictures(): ReadonlyMap<string, ImageRecord> {
    return this.#sync.replica.pictures
  }

  get title(): string {
    return this.settings.title
  }

  /** The board's own settings, its title included. */
  get settings(): BoardRecord {
    return this.#sync.replica.settings
  }

  /** Everybody else who is here, by session. */
  get people(): ReadonlyMap<string, Person> {
    return this.#sync.presence.people
  }

  /** The number of visitors here, oneself included. When they are many, `people` holds only some. */
  get visitorCount(): number {
    return this.#sync.presence.visitorCount
  }

  /** The server's time, in milliseconds since 1970, as records have it. */
  get serverTime(): number {
    return this.#sync.clock.now()
  }

  get status(): Status {
    return this.#sync.status
  }

  /** The build of the page that the server serves, as that page's main script; null if nothing is known. */
  get serverBuild(): string | null {
    return this.#sync.feed.serverBuild
  }

  /** Fetches the code that sends files, so that a later upgrade of the server can't keep it from this page. */
  preload(): void {
    this.#sync.uploads.preload()
  }

  /** Whether a page that goes now loses what isn't sent, as its store doesn't outlive it. */
  get losesUnsent(): boolean {
    return this.#sync.losesUnsent
  }

  /** One's own public id, as in `author`; null before the first contact. */
  get visitor(): string | null {
    return this.#sync.followed?.visitor ?? null
  }

  /** The present places of pictures in others' hands, by picture. */
  get drags(): ReadonlyMap<string, DragPosition> {
    return this.#sync.presence.drags
  }

  /** One's own pictures whose file is on its way, by picture. */
  get uploads(): ReadonlyMap<string, OwnUpload> {
    return this.#sync.uploads.shown
  }

  /** One's own pictures that wait for a moderator, by picture. Nothing of them is on the board. */
  get waiting(): ReadonlyMap<string, HeldPicture> {
    return this.#sync.waiting
  }

  /** Returns the progress of a picture on its way, from anybody; null if it is stored or nothing is known. */
  arrival(id: string): Arrival | null {
    return this.#sync.arrivals.get(id)
  }

  /**
   * Returns a small picture to show until the file is there: WebP, at most 320 px on the longest side. Null
   * when there is none, or something better.
   */
  preview(id: string): Blob | null {
    return this.#sync.arrivals.preview(id)
  }

  /** Returns who else has one's own new picture on their screen; null before there is any news. */
  seenBy(id: string): SeenBy | null {
    return this.#sync.seenReceipts.get(id)
  }

  /** Tells the senders of these pictures that they are painted here, within view. Old pictures are left out. */
  reportSeen(ids: readonly string[]): void {
    const old = this.#sync.clock.now() - limits.seenByWindowMs
    const others = ids.filter((id) => {
      const picture = this.pictures.get(id)
      return picture && picture.author !== this.visitor && picture.createdAt > old
    })
    if (this.#sync.followed) this.#sync.seenReceipts.report(others)
  }

  /** Makes every screen (`/b/<board>/show`) show a picture. Returns false when there is no connection. */
  show(id: string): boolean {
    return this.#sync.feed.showOnScreens({ id })
  }

  /** Returns the name that a visitor has given, or an empty one. */
  nameOf(visitor: string): string {
    return this.#sync.presence.names.get(visitor) ?? ''
  }

  /** Returns a visitor's colour, as a number below `PERSON_COLOUR_COUNT`. Those who are here have different ones. */
  colourOf(visitor: string): number {
    return this.#sync.presence.colours.get(visitor) ?? personColour(visitor)
  }

  /**
   * Sets the name under which others see us, and which our next pictures get as `by`; an empty one takes it back.
   * Cut to the longest that the server takes.
   */
  setName(name: string): void {
    this.#sync.presence.setName(name)
  }

  /** Gives all of one's own pictures on this board the name that is set now. It is no undo step. */
  signPictures(): void {
    const { name } = this.#sync.presence
    const { visitor } = this.#sync.replica
    const commands = [...this.pictures.values()]
      .filter(({ author, by }) => author === visitor && by !== name)
      .map(({ id }) => patchCommand(id, { by: name }))
    if (commands.length > 0) this.#sync.queue.push(commands)
  }

  /** Shows others our pointer; null when it has left the board. */
  point(at: Place | null): void {
    this.#sync.presence.point(at)
  }

  /** Shows others the pictures that we have selected. */
  select(ids: readonly string[]): void {
    this.#sync.presence.select(ids)
  }

  /** Makes files wait until the returned function is called, as something smaller is about to be sent. */
  pauseUploads(): () => void {
    return this.#sync.uploads.pause()
  }

  /** Sends the files of pictures with a higher priority sooner. */
  setUploadPriority(priority: (id: string) => number): void {
    this.#sync.uploads.setPriority(priority)
  }

  /**
   * Adds a picture, whatever it comes as: see `PictureSource`. Resolves with its record when it is stored. It is an undo
   * step, unless the server fetches it.
   *
   * Rejects with what `stored` does, and:
   * - with a `WireError` if nothing in it is a picture that boards take;
   * - with a `ClientError` of the code `unreadable` if there is no such file;
   * - with the signal's reason. The picture is removed again then.
   */
  async add(source: PictureSource, options: AddOptions = {}): Promise<ImageRecord> {
    return (await loadScriptCalls()).addPicture(this, source, options, this.#sync.presence.name)
  }

  /**
   * Adds described pictures, which stand on the board at once. Their previews follow, and then their files, two at a time: each
   * file waits for its own preview, for two seconds at most. Returns their ids.
   * Pictures that are added for the same `step` are one undo step, even in several calls.
   */
  addPictures(pictures: readonly NewPicture[], step?: object): string[] {
    const adds = pictures.map((picture) => ({
      command: addCommand({ by: this.#sync.presence.name, ...picture }, this.#sync.clock.now()),
      file: picture.file,
      preview: picture.preview,
      thumbnail: picture.thumbnail,
    }))
    this.#do(
      adds.map(({ command }) => command),
      step,
    )
    this.#sync.uploads.add(
      adds.map(({ command, file, preview, thumbnail }) => {
        const previews = preview && this.#sync.previews.add(command.id, preview, thumbnail)
        return { add: command, file, previews }
      }),
    )
    return adds.map(({ command }) => command.id)
  }

  /**
   * Changes fields of a picture. All patches of one turn of the event loop are one undo step. So are patches
   * for the same `step` that nothing else comes between.
   */
  patch(id: string, set: ImagePatch['set'], step?: object): void {
    this.patchAll([[id, set]], step)
  }

  /** Changes fields of several pictures at once, as `patch` does for one: one event, and one undo step. */
  patchAll(patches: Iterable<readonly [id: string, set: ImagePatch['set']]>, step?: object): void {
    const commands = Array.from(patches, ([id, set]) => patchCommand(id, set))
    if (commands.length > 0) this.#do(commands, step)
  }

  /** Moves pictures to the trash. */
  remove(ids: readonly string[]): void {
    this.#do(ids.map((id) => ({ kind: 'image.remove', id })))
  }

  /** Takes pictures out of the trash, back onto the board. */
  restore(ids: readonly string[]): void {
    this.#do(ids.map((id) => ({ kind: 'image.restore', id })))
  }

  /** Gives replaced pictures the file that they had before, or again the one after that. */
  revert(ids: readonly string[]): void {
    this.#do(
      ids.flatMap((id) => {
        const blob = this.pictures.get(id)?.blob
        return blob ? [{ kind: 'image.revert', id, blob } as const] : []
      }),
    )
  }

  /** Sets the title, cut to the longest that the server takes. */
  rename(title: string): void {
    this.set({ title: title.slice(0, limits.titleLength) })
  }

  /** Changes settings of the board. */
  set(settings: BoardPatch['set']): void {
    this.#do([{ kind: 'board.patch', set: settings }])
  }

  /** Puts copies of stored pictures on top, at these places. Returns their ids. */
  copy(copies: readonly ({ sourceId: string } & Place)[]): string[] {
    const { name } = this.#sync.presence
    const commands = copies.map(
      ({ sourceId, x, y }) =>
        ({
          kind: 'image.copy',
          id: newId(this.#sync.clock.now()),
          sourceId,
          x,
          y,
          ...(name && { by: name }),
        }) as const,
    )
    this.#do(commands)
    return commands.map(({ id }) => id)
  }

  /**
   * Has the server delete pictures in the trash for good, at the time that they get as `purgeAt`. Until then `keep`,
   * `restore` and `undo` call it off.
   */
  purge(ids: readonly string[]): void {
    this.#do(ids.map((id) => ({ kind: 'image.purge', id })))
  }

  /** Calls off that pictures are deleted for good. They stay in the trash. */
  keep(ids: readonly string[]): void {
    this.#sync.queue.push(ids.map((id) => ({ kind: 'image.keep', id })))
  }

  /** Shows others the pictures in our hand; null when they are let go, after the patches. */
  drag(positions: Readonly<Record<string, DragPosition>> | null): void {
    this.#sync.presence.drag(positions)
  }

  /** Tries a failed upload again. */
  retry(id: string): void {
    const add = this.#sync.uploads.retry(id)
    if (add) this.#sync.queue.push([add])
  }

  /**
   * Gives one's own upload up, and its picture with it, for good. Resolves when the server has removed the
   * picture. If it doesn't answer within 10 s, the picture goes to the trash instead.
   */
  async cancel(id: string): Promise<void> {
    if (this.#sync.uploads.isGone(id)) return this.#sync.uploads.drop(id)
    if (await this.#sync.uploads.cancel(id)) return
    if (this.pictures.get(id)?.deletedAt === null)
      this.#sync.queue.push([{ kind: 'image.remove', id }])
  }

  /**
   * Resolves with the picture's record when it is stored, on the board or among those that wait.
   *
   * Rejects with a `ClientError` of the code `closed` when the board is closed, and else with a `WireError`:
   * - with the code of its upload's failure;
   * - `upload-gone` if it was given up here;
   * - `unknown-picture` if it isn't on the board;
   * - with the code for which the server refused the board.
   */
  async stored(id: string): Promise<ImageRecord> {
    return (await loadScriptCalls()).whenStored(this, this.#sync.uploads, id)
  }

  /**
   * Returns the changes of pictures from now on, one after the other. A reader that is slower than the board gets the
   * newest state of each picture, once.
   *
   * It ends when the board is closed. It rejects with a `WireError` when the server refuses the board, as after a link
   * has been revoked, and with the signal's reason.
   */
  changes({
    signal,
  }: {
    readonly signal?: AbortSignal
  } = {}): AsyncIterableIterator<PictureChange> {
    const known = new Map(this.pictures)
    const loaded = loadScriptCalls().then(
      ({ PictureChanges }) => new PictureChanges(this, known, signal),
    )
    // Told by the first call of `next`.
    loaded.catch(() => {})
    return {
      next: () => loaded.then((changes) => changes.next()),
      return: () => loaded.then((changes) => changes.return()),
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  /**
   * Resolves when no command is unanswered. Rejects with a `WireError` if the server refuses one of them meanwhile.
   * So it does if the board is refused with some unanswered; if it is closed, with a `ClientError` of the code `closed`.
   */
  async settled(): Promise<void> {
    const { queue } = this.#sync
    const refusals: Problem[] = []
    const off = queue.on('refused', ({ why }) => refusals.push(why))
    return (await loadScriptCalls()).whenSettled(this, queue, refusals, off)
  }

  /**
   * Takes one's own last step back, but for what others changed since: see the event `overtaken`. Returns
   * false when there was none.
   */
  undo(): boolean {
    return this.#sync.undo.undo()
  }

  /** Does the step again that was taken back last. Returns false when there was none. */
  redo(): boolean {
    return this.#sync.undo.redo()
  }

  get canUndo(): boolean {
    return this.#sync.undo.canUndo
  }

  get canRedo(): boolean {
    return this.#sync.undo.canRedo
  }

  /** Connects again, also after a refusal: as somebody with another right, such as from another link. */
  reconnect(): void {
    this.#sync.reconnect()
  }

  /** Stops. Resolves when all that is unsent lies in the store, for the next page. */
  close(): Promise<void> {
    return this.#sync.close()
  }

  #do(commands: readonly Command[], step?: object): void {
    this.#sync.undo.push(commands, step)
  }
}

/** Loads the code of the calls that scripts make. */
const loadScriptCalls = () => import('./script-calls.ts')

/** Opens the browser's database, with code that no first drop has to wait for. */
const openDefaultStore = (url: string): Promise<Store> =>
  import('./database-store.ts').then(({ defaultStore }) => defaultStore(url))
