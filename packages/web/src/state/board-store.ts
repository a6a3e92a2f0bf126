import {
  around,
  type BoardRecord,
  type Box,
  boxOf,
  errorMessages,
  type ImageRecord,
  may,
  type Role,
  type Verb,
} from '@wirephoto/board'
import type { Arrival, Board, DragPosition, OwnUpload, SeenBy, Status } from '@wirephoto/client'
import { type Accessor, batch, createEffect, createMemo, createSignal, onCleanup } from 'solid-js'
import { inBackground } from '../browser/in-background.ts'
import { browserData } from '../browser/site-data.ts'
import { type StackedBox } from '../geometry/box.ts'
import type { Enlargement } from '../geometry/view.ts'
import { words } from '../words/page.ts'
import { OwnFileTurns } from './own-file-turns.ts'

/** How long a new picture may still be drawn with the landing animation. */
const LANDING_WINDOW_MS = 1_000
/** The most pictures that land together. The browser makes a layer for each, and hundreds of them hold all up. */
const LANDING_TOGETHER_COUNT = 20

/** The board as the page shows it: the SDK's state as signals, and one's own pictures that the server refused. */
export class BoardStore {
  readonly board: Board
  readonly ownFileTurns = new OwnFileTurns()
  readonly settings: Accessor<BoardRecord>
  readonly title: Accessor<string>
  readonly status: Accessor<Status>
  /** The right that one has here; before the server has said so, the one that it told last. */
  readonly role: Accessor<Role>
  /** The number of pictures on the board, trashed ones not counted. */
  readonly count: Accessor<number>
  /** A counter that grows with every change of a picture or its place. */
  readonly revision: Accessor<number>
  /** A counter that grows when the order of the stack changes. */
  readonly stackRevision: Accessor<number>
  readonly canUndo: Accessor<boolean>
  readonly canRedo: Accessor<boolean>
  /** Returns a visitor's name, empty if unknown. */
  readonly nameOf: (visitor: string) => string
  /** Returns a visitor's colour, as a number. It may change when somebody comes. */
  readonly colourOf: (visitor: string) => number
  /** Returns the name of a picture's author: as it stands on the picture, or as they gave it here. */
  readonly authorOf: (record: Pick<ImageRecord, 'author' | 'by'>) => string
  readonly #boxes = new Map<string, StackedBox>()
  /** The latest record of each of one's own pictures that isn't stored. */
  readonly #own = new Map<string, ImageRecord>()
  /** One's own files that were added here. */
  readonly #files = new Map<string, Blob>()
  readonly #fileUrls = new Map<string, string>()
  /** Monotonic times in milliseconds. */
  readonly #addedAt = new Map<string, number>()
  /** Pictures cancelled here that the server hasn't removed yet. */
  readonly #cancelled = new Set<string>()
  /** Stored pictures whose variants are being made. */
  readonly #withoutVariants = new Set<string>()
  /** When the server last made variants of any picture: a monotonic time in milliseconds. */
  lastVariantAt = Number.NEGATIVE_INFINITY
  readonly #pictures = new Watched((id) => this.get(id))
  readonly #uploads = new Watched<OwnUpload>((id) => this.board.uploads.get(id))
  readonly #arrivals = new Watched<Arrival>((id) => this.board.arrival(id) ?? undefined)
  readonly #previews = new Watched<Blob>((id) => this.board.preview(id) ?? undefined)
  readonly #seenBy = new Watched<SeenBy>((id) => this.board.seenBy(id) ?? undefined)
  readonly #setCount: (count: number) => void
  readonly #bumpRevision: () => void
  readonly #bumpStackRevision: () => void

  constructor(board: Board) {
    this.board = board
    const [settings, setSettings] = createSignal(board.settings)
    const [status, setStatus] = createSignal(board.status)
    const [canUndo, setCanUndo] = createSignal(board.canUndo)
    const [canRedo, setCanRedo] = createSignal(board.canRedo)
    const [count, setCount] = createSignal(0)
    const [revision, bumpRevision] = createCounter()
    const [stackRevision, bumpStackRevision] = createCounter()
    const [namesRevision, bumpNames] = createCounter()
    this.settings = settings
    this.title = createMemo(() => settings().title)
    this.status = status
    const roleKey = `role:${board.id}`
    const lastRole = (browserData.get(roleKey) ?? 'edit') as Role
    this.role = createMemo(() => status().role ?? lastRole)
    createEffect(() => browserData.set(roleKey, this.role()))
    this.count = count
    this.revision = revision
    this.stackRevision = stackRevision
    this.canUndo = canUndo
    this.canRedo = canRedo
    this.nameOf = (visitor) => {
      namesRevision()
      return board.nameOf(visitor)
    }
    this.colourOf = (visitor) => {
      namesRevision()
      return board.colourOf(visitor)
    }
    this.authorOf = ({ author, by }) => by || this.nameOf(author)
    this.#setCount = setCount
    this.#bumpRevision = bumpRevision
    this.#bumpStackRevision = bumpStackRevision
    onCleanup(board.on('settings', setSettings))
    onCleanup(board.on('status', () => setStatus(board.status)))
    onCleanup(
      board.on('undo', () => {
        setCanUndo(board.canUndo)
        setCanRedo(board.canRedo)
      }),
    )
    onCleanup(board.on('names', bumpNames))
    onCleanup(board.on('pictures', (ids) => this.#update(ids)))
    onCleanup(board.on('uploads', (ids) => this.#onUploads(ids)))
    onCleanup(board.on('arrivals', (ids) => this.#onArrivals(ids)))
    onCleanup(board.on('seen', (ids) => this.#seenBy.notify(ids)))
    this.#update([...board.pictures.keys()])
  }

  /** Returns a picture's current record, also of a trashed one. */
  get(id: string): ImageRecord | undefined {
    return this.board.pictures.get(id) ?? this.#own.get(id)
  }

  /** Whether the host lets one's own pictures wait, or takes none at the moment. */
  isGuestWhile(adding: 'held' | 'paused'): boolean {
    return this.settings().adding === adding && this.role() === 'add'
  }

  /** Whether one may add pictures now. */
  mayAdd(): boolean {
    return this.may('image.add') && !this.isGuestWhile('paused')
  }

  /** Why one may not add pictures. */
  whyNoAdding(): string {
    return this.isGuestWhile('paused') ? errorMessages['adding-paused']({}) : words.lookOnly
  }

  /** Whether one may do this, to this picture if the verb is about one. */
  may(verb: Verb, id?: string): boolean {
    if (verb === 'image.copy' && (this.isGuestWhile('held') || this.isGuestWhile('paused')))
      return false
    const actor = { visitor: this.board.visitor ?? '', role: this.role() }
    return may(actor, verb, id === undefined ? undefined : this.get(id))
  }

  *values(): Generator<ImageRecord> {
    yield* this.board.pictures.values()
    for (const own of this.#own.values()) if (!this.board.pictures.has(own.id)) yield own
  }

  /** The box of each picture that isn't trashed. */
  get boxes(): ReadonlyMap<string, StackedBox> {
    return this.#boxes
  }

  /** The box around all pictures, null on an empty board. */
  get extent(): Box | null {
    return around(this.#boxes.values())
  }

  /** How far all pictures may be enlarged together: none is shown larger than its own pixels. */
  get enlargement(): Enlargement {
    if (this.#boxes.size === 1) return 'single'
    let zoom = Number.POSITIVE_INFINITY
    for (const [id, { w }] of this.#boxes)
      zoom = Math.min(zoom, (this.get(id)?.width ?? 0) / w / devicePixelRatio)
    return zoom
  }

  /** Returns a picture's record as a signal that lives as long as its owner. */
  picture(id: string): Accessor<ImageRecord | undefined> {
    return this.#pictures.watch(id)
  }

  upload(id: string): Accessor<OwnUpload | undefined> {
    return this.#uploads.watch(id)
  }

  /** Returns the progress of a picture's upload, one's own or another's, as a signal. */
  arrival(id: string): Accessor<Arrival | undefined> {
    return this.#arrivals.watch(id)
  }

  /** Returns the small picture that stands in for the file, as a signal. */
  preview(id: string): Accessor<Blob | undefined> {
    return this.#previews.watch(id)
  }

  seenBy(id: string): Accessor<SeenBy | undefined> {
    return this.#seenBy.watch(id)
  }

  /** Whether a picture came while this page looked on. Not reactive. */
  hasComeLater(id: string): boolean {
    return this.#addedAt.has(id)
  }

  /** Whether a picture appeared so recently that it may be drawn landing. Not reactive. */
  hasJustLanded(id: string): boolean {
    return performance.now() - (this.#addedAt.get(id) ?? -LANDING_WINDOW_MS) < LANDING_WINDOW_MS
  }

  /** Whether this page has one's own file of a picture. */
  hasFile(id: string): boolean {
    return this.#files.has(id) || this.board.uploads.has(id)
  }

  /** Returns the object URL of one's own file while this page has it, else null. */
  fileUrl(id: string): string | null {
    const file = this.#files.get(id) ?? this.board.uploads.get(id)?.file
    if (!file) return null
    this.#files.set(id, file)
    const url = this.#fileUrls.get(id) ?? URL.createObjectURL(file)
    this.#fileUrls.set(id, url)
    return url
  }

  /** Lets go of one's own file, unless its upload still needs it. Called when no view shows it. */
  releaseFile(id: string): void {
    if (this.#own.has(id) || this.board.uploads.has(id)) return
    this.#files.delete(id)
    const url = this.#fileUrls.get(id)
    if (!url) return
    this.#fileUrls.delete(id)
    URL.revokeObjectURL(url)
  }

  /** Keeps one's own file, which is about to be added, for as long as a view shows it. */
  keepFile(id: string, file: Blob): void {
    this.#files.set(id, file)
  }

  /** Writes new places and widths as one undo step. Calls with the same `step` share one. */
  move(places: ReadonlyMap<string, DragPosition>, step?: object): void {
    const patches: [string, DragPosition][] = []
    for (const [id, { x, y, w }] of places) {
      const set = w === undefined ? { x, y } : { x, y, w }
      const own = this.#own.get(id)
      if (own) this.#own.set(id, { ...own, ...set })
      if (this.board.pictures.has(id)) patches.push([id, set])
    }
    batch(() => {
      this.board.patchAll(patches, step)
      this.#update([...places.keys()])
    })
  }

  remove(ids: readonly string[]): void {
    const known = ids.filter((id) => this.board.pictures.get(id)?.deletedAt === null)
    if (known.length > 0) this.board.remove(known)
    for (const id of ids) {
      if (this.board.pictures.has(id)) continue
      if (this.board.uploads.has(id)) inBackground(this.board.cancel(id))
      else this.#own.delete(id)
    }
    this.#update(ids)
  }

  /** Cancels the upload of one's own picture, and removes it for good. */
  cancel(id: string): void {
    this.#cancelled.add(id)
    inBackground(this.board.cancel(id))
    this.#own.delete(id)
    this.#update([id])
  }

  /** Whether another visitor's upload has failed. Only its sender still sees the picture. */
  #isFailed(id: string): boolean {
    return this.board.arrival(id)?.state === 'failed' && !this.board.uploads.has(id)
  }

  /** Whether an own picture waits for the host, or will. One that stood on the board before goes on standing there. */
  #waits({ id, blob, author }: ImageRecord): boolean {
    const isNew = blob === null && !this.#boxes.has(id) && author === this.board.visitor
    return isNew && (this.board.waiting.has(id) || this.isGuestWhile('held'))
  }

  #onUploads(ids: ReadonlySet<string>): void {
    for (const id of ids) if (!this.board.uploads.has(id)) this.#own.delete(id)
    batch(() => {
      this.#uploads.notify(ids)
      this.#update(ids)
    })
  }

  #onArrivals(ids: ReadonlySet<string>): void {
    batch(() => {
      this.#arrivals.notify(ids)
      this.#previews.notify(ids)
      const turned = [...ids].filter((id) => this.#isFailed(id) === this.#boxes.has(id))
      if (turned.length > 0) this.#update(turned)
    })
  }

  /** Updates boxes, counters and signals after changes of these pictures. */
  #update(ids: readonly string[] | ReadonlySet<string>): void {
    let restacked = false
    const addedAt =
      new Set(ids).size > LANDING_TOGETHER_COUNT ? Number.NEGATIVE_INFINITY : performance.now()
    for (const id of ids) {
      const record = this.get(id)
      const before = this.#boxes.get(id)
      if (record && this.board.uploads.has(id)) this.#own.set(id, record)
      if (record?.blob && record.variants === null) this.#withoutVariants.add(id)
      else if (this.#withoutVariants.delete(id)) this.lastVariantAt = performance.now()
      if (!record || record.blob || record.deletedAt !== null) this.#cancelled.delete(id)
      const isShown =
        record?.deletedAt === null &&
        !this.#cancelled.has(id) &&
        !this.#isFailed(id) &&
        !this.#waits(record)
      if (isShown) {
        if (!before && this.status().loaded) this.#addedAt.set(id, addedAt)
        this.#boxes.set(id, { ...boxOf(record), z: record.z })
      } else {
        this.#boxes.delete(id)
        this.#addedAt.delete(id)
      }
      restacked ||= before?.z !== this.#boxes.get(id)?.z
    }
    batch(() => {
      this.#pictures.notify(ids)
      this.#arrivals.notify(ids)
      this.#previews.notify(ids)
      if (restacked) this.#bumpStackRevision()
      this.#setCount(this.#boxes.size)
      this.#bumpRevision()
    })
  }
}

/** Signals by id, made on demand: thousands of pictures that no view watches cost none. */
class Watched<T> {
  readonly #read: (id: string) => T | undefined
  readonly #watchers = new Map<string, Set<() => void>>()

  constructor(read: (id: string) => T | undefined) {
    this.#read = read
  }

  watch(id: string): Accessor<T | undefined> {
    const [value, set] = createSignal(this.#read(id))
    const watcher = (): void => {
      set(() => this.#read(id))
    }
    const watchers = this.#watchers.get(id) ?? new Set()
    this.#watchers.set(id, watchers.add(watcher))
    onCleanup(() => {
      watchers.delete(watcher)
      if (watchers.size === 0) this.#watchers.delete(id)
    })
    return value
  }

  notify(ids: Iterable<string>): void {
    for (const id of ids) for (const watcher of this.#watchers.get(id) ?? []) watcher()
  }
}

/** Creates a counter for effects that depend on state which is no signal itself. */
function createCounter(): [Accessor<number>, () => void] {
  const [count, set] = createSignal(0)
  const increase = (): void => {
    set((n) => n + 1)
  }
  return [count, increase]
}
