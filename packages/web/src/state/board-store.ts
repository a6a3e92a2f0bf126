import { type Box, boxOf, type ImageRecord } from '@wirephoto/board'
import type { Arrival, Board, DragPosition, OwnUpload, SeenBy, Status } from '@wirephoto/client'
import { type Accessor, batch, createSignal, onCleanup } from 'solid-js'
import { around, type StackedBox } from '../geometry/box.ts'
import { LiveReads } from './live-reads.ts'

/** Milliseconds in which a picture that came is still new enough to land. */
const LANDING_WINDOW_MS = 1_000

/**
 * The board as the page sees it: the SDK's state as signals, and one's own pictures that the board
 * doesn't have: not announced yet (their preview is still being made), or turned down.
 */
export class BoardStore {
  readonly board: Board
  readonly title: Accessor<string>
  readonly status: Accessor<Status>
  /** Pictures that stand on the board. */
  readonly count: Accessor<number>
  /** Ticks with every change of pictures or of their places. */
  readonly revision: Accessor<number>
  /** Ticks when the stack changes. */
  readonly stackRevision: Accessor<number>
  readonly canUndo: Accessor<boolean>
  readonly canRedo: Accessor<boolean>
  /** What somebody is called, empty when that isn't known. */
  readonly nameOf: (visitor: string) => string
  readonly liveReads: LiveReads
  readonly #boxes = new Map<string, StackedBox>()
  /** One's own pictures that aren't stored, as last seen. */
  readonly #own = new Map<string, ImageRecord>()
  readonly #fileUrls = new Map<string, string>()
  readonly #addedAt = new Map<string, number>()
  /** Given up here; the server hasn't heard of it yet. */
  readonly #cancelled = new Set<string>()
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
    this.liveReads = new LiveReads(board)
    const [title, setTitle] = createSignal(board.title)
    const [status, setStatus] = createSignal(board.status)
    const [undo, setUndo] = createSignal({ can: board.canUndo, canRe: board.canRedo })
    const [count, setCount] = createSignal(0)
    const [ticks, setTicks] = createSignal(0)
    this.title = title
    this.status = status
    this.count = count
    this.revision = ticks
    const [layers, setLayers] = createSignal(0)
    this.stackRevision = layers
    this.#bumpStackRevision = () => setLayers((n) => n + 1)
    this.canUndo = () => undo().can
    this.canRedo = () => undo().canRe
    const [people, setPeople] = createSignal(0)
    this.nameOf = (visitor) => {
      people()
      return board.nameOf(visitor)
    }
    this.#setCount = setCount
    this.#bumpRevision = () => setTicks((n) => n + 1)
    const offs = [
      board.on('settings', () => setTitle(board.title)),
      board.on('status', () => setStatus(board.status)),
      board.on('undo', () => setUndo({ can: board.canUndo, canRe: board.canRedo })),
      board.on('uploads', (ids) => {
        for (const id of ids) if (!board.uploads.has(id)) this.#own.delete(id)
        batch(() => {
          this.#uploads.notify(ids)
          this.#update(ids)
        })
      }),
      board.on('pictures', (ids) => this.#update(ids)),
      board.on('arrivals', (ids) => {
        batch(() => {
          this.#arrivals.notify(ids)
          this.#previews.notify(ids)
          const turned = [...ids].filter((id) => this.#isFailed(id) === this.#boxes.has(id))
          if (turned.length > 0) this.#update(turned)
        })
      }),
      board.on('seen', (ids) => this.#seenBy.notify(ids)),
      board.on('people', () => setPeople((n) => n + 1)),
    ]
    onCleanup(() => {
      for (const off of offs) off()
    })
    this.#update([...board.pictures.keys()])
  }

  /** The picture as it is now, trashed ones too. */
  get(id: string): ImageRecord | undefined {
    return this.board.pictures.get(id) ?? this.#own.get(id)
  }

  *values(): Generator<ImageRecord> {
    yield* this.board.pictures.values()
    for (const own of this.#own.values()) if (!this.board.pictures.has(own.id)) yield own
  }

  /** Where each picture stands; trashed ones don't. */
  get boxes(): ReadonlyMap<string, StackedBox> {
    return this.#boxes
  }

  /** Around all pictures, null on an empty board. */
  get extent(): Box | null {
    return around(this.#boxes.values())
  }

  /** The picture as a signal, for whoever shows it. */
  picture(id: string): Accessor<ImageRecord | undefined> {
    return this.#pictures.watch(id)
  }

  upload(id: string): Accessor<OwnUpload | undefined> {
    return this.#uploads.watch(id)
  }

  /** How far a picture is on its way, whoever sends it. */
  arrival(id: string): Accessor<Arrival | undefined> {
    return this.#arrivals.watch(id)
  }

  /** What is to be seen of it before its file. */
  preview(id: string): Accessor<Blob | undefined> {
    return this.#previews.watch(id)
  }

  seenBy(id: string): Accessor<SeenBy | undefined> {
    return this.#seenBy.watch(id)
  }

  /** Whether the picture came just now, to be asked once. */
  hasJustLanded(id: string): boolean {
    return performance.now() - (this.#addedAt.get(id) ?? -LANDING_WINDOW_MS) < LANDING_WINDOW_MS
  }

  /** The address of one's own file, while it is here. */
  fileUrl(id: string): string | null {
    const kept = this.#fileUrls.get(id)
    if (kept) return kept
    const file = this.board.uploads.get(id)?.file
    return file ? this.#urlFor(id, file) : null
  }

  /** Lets one's own file go once nobody shows it: the server has it, or nobody ever will. */
  releaseFile(id: string): void {
    const url = this.#fileUrls.get(id)
    if (!url || this.#own.has(id) || this.board.uploads.has(id)) return
    this.#fileUrls.delete(id)
    URL.revokeObjectURL(url)
  }

  /** Shows a picture that isn't announced yet. */
  addUnannounced(record: ImageRecord, url: string): void {
    this.#fileUrls.set(record.id, url)
    this.#own.set(record.id, record)
    this.#update([record.id])
  }

  /** The expected picture as it stands by now, null when it was deleted meanwhile. */
  unannounced(id: string): ImageRecord | null {
    return this.#own.get(id) ?? null
  }

  /** Writes new places and widths, one undo step for all, and for all that move for the same `step`. */
  move(places: ReadonlyMap<string, DragPosition>, step?: object): void {
    for (const [id, { x, y, w }] of places) {
      const set = w === undefined ? { x, y } : { x, y, w }
      const own = this.#own.get(id)
      if (own) this.#own.set(id, { ...own, ...set })
      if (this.board.pictures.has(id)) this.board.patch(id, set, step)
    }
    this.#update([...places.keys()])
  }

  remove(ids: readonly string[]): void {
    const standing = ids.filter((id) => this.board.pictures.get(id)?.deletedAt === null)
    if (standing.length > 0) this.board.remove(standing)
    for (const id of ids) {
      if (this.board.pictures.has(id)) continue
      if (this.board.uploads.has(id)) void this.board.cancel(id)
      else this.#own.delete(id)
    }
    this.#update(ids)
  }

  /** Gives one's own picture up while it is on its way, for good. */
  cancel(id: string): void {
    this.#cancelled.add(id)
    void this.board.cancel(id)
    this.#own.delete(id)
    this.#update([id])
  }

  /** What its sender couldn't send is of no use to others. */
  #isFailed(id: string): boolean {
    return this.board.arrival(id)?.state === 'failed' && !this.board.uploads.has(id)
  }

  #urlFor(id: string, file: Blob): string {
    const url = URL.createObjectURL(file)
    this.#fileUrls.set(id, url)
    return url
  }

  #update(ids: readonly string[] | ReadonlySet<string>): void {
    let restacked = false
    for (const id of ids) {
      const record = this.get(id)
      const before = this.#boxes.get(id)
      if (record && this.board.uploads.has(id)) this.#own.set(id, record)
      if (!record || record.blob || record.deletedAt !== null) this.#cancelled.delete(id)
      const stands = record?.deletedAt === null && !this.#cancelled.has(id) && !this.#isFailed(id)
      if (stands) {
        if (!before && this.status().loaded) this.#addedAt.set(id, performance.now())
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

/** A signal an id for those who look, and none for the thousands at which nobody does. */
class Watched<T> {
  readonly #read: (id: string) => T | undefined
  readonly #watchers = new Map<string, Set<() => void>>()

  constructor(read: (id: string) => T | undefined) {
    this.#read = read
  }

  watch(id: string): Accessor<T | undefined> {
    const [value, set] = createSignal(this.#read(id))
    const watcher = (): void => void set(() => this.#read(id))
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
