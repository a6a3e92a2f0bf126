import {
  type AnyRecord,
  apply,
  applyChanges,
  type Batch,
  type BoardRecord,
  type Command,
  type Cursor,
  Draft,
  emptyBoard,
  type FreeSpots,
  type ImageRecord,
  idOf,
  parseCursor,
  type Records,
  type Snapshot,
  seqOf,
  WireError,
} from '@wirephoto/board'
import { Emitter } from './events.ts'
import { inBackground } from './in-background.ts'
import type { TrashedByOthers } from './types.ts'

/** One of our own commands whose effect the feed doesn't show yet. */
export interface Pending {
  command: Command
  /** Milliseconds since 1970. */
  readonly at: number
  /** The number of the batch with its effect; null until the server has answered. */
  answered: number | null
}

interface ReplicaEvents {
  /** Pictures that others moved to the trash, before `records` tells of it. */
  trashed: TrashedByOthers
  /** The ids whose visible record changed, came or went; `board` is that of the settings. */
  records: ReadonlySet<string>
}

/** Returns the id of the record that a command is about. */
export const targetOf = (command: Command): string =>
  command.kind === 'board.patch' ? 'board' : command.id

/**
 * The records that the board shows: those of the feed, with our own unanswered commands applied by the same
 * rules as the server's. A command's guess stays until the feed has reached its effect, so that nothing
 * flickers when the answer comes first. Every change looks only at the ids that it concerns.
 */
export class Replica extends Emitter<ReplicaEvents> {
  /** Changed in place. */
  readonly pictures = new Map<string, ImageRecord>()
  settings: BoardRecord = emptyBoard
  /** Our own public id, the author of pictures that we add. Empty before the first contact. */
  visitor = ''
  /** Whether a whole snapshot is shown: a picture that isn't here isn't on the board either. */
  isLoaded = false
  /** Our own pictures that wait for a moderator, as far as they are known. */
  readonly held = new Set<string>()
  /** Whether those are all. */
  isHeldKnown = true
  readonly #feed = new Map<string, AnyRecord>()
  readonly #pending = new Map<string, Pending[]>()
  /** Added pictures as they were guessed first: a new guess for each batch would make them move. */
  readonly #guesses = new Map<Pending, ImageRecord | null>()
  /** Where there is room among the pictures; undefined until somebody adds one without a place. */
  #freeSpots: FreeSpots | undefined
  /** The code for that; undefined until it is asked for, null until it is here. */
  #FreeSpots: typeof FreeSpots | null | undefined
  #answered: Pending[] = []
  #cursor: Cursor | null = null

  /** The server's records, without our own unanswered commands; null before the first snapshot. */
  get snapshot(): Snapshot | null {
    return this.#cursor && { cursor: this.#cursor, records: [...this.#feed.values()] }
  }

  /** Shows an earlier copy of the board: what isn't in it may be on the board all the same. */
  loadCopy(snapshot: Snapshot): void {
    this.load(snapshot)
    this.isLoaded = false
  }

  /** Starts from a snapshot, or starts again. */
  load({ cursor, records }: Snapshot): void {
    const ids = new Set(this.#feed.keys())
    this.#feed.clear()
    this.#guesses.clear()
    for (const record of records) {
      this.#feed.set(record.id, record)
      ids.add(record.id)
    }
    const epoch = this.#cursor && parseCursor(this.#cursor)?.epoch
    this.#cursor = cursor
    // Batch numbers of another history say nothing in this one.
    if (epoch !== parseCursor(cursor)?.epoch)
      for (const pending of this.#answered) pending.answered = 0
    if (epoch !== null) this.#tellTrashed(ids)
    for (const id of this.#dropShown()) ids.add(id)
    for (const id of this.#pending.keys()) ids.delete(id)
    this.#refresh([...ids, ...this.#pending.keys()])
    this.isLoaded = true
    if (this.#FreeSpots === undefined) inBackground(this.#loadFreeSpots())
  }

  apply(batch: Batch): void {
    applyChanges(this.#feed, batch.changes)
    this.#cursor = batch.to
    this.#tellTrashed(batch.changes.map(idOf))
    this.#refresh(new Set([...batch.changes.map(idOf), ...this.#dropShown()]))
  }

  /** Returns the pictures that a batch is about to move or scale. */
  movedBy({ changes }: Batch): string[] {
    return changes.flatMap((change) => {
      if (!('put' in change) || change.put.kind !== 'image') return []
      const { id, x, y, w } = change.put
      const before = this.pictures.get(id)
      return before?.x === x && before.y === y && before.w === w ? [] : id
    })
  }

  /** Lays commands over the records, above or below the earlier ones. */
  addPending(pendings: readonly Pending[], where: 'above' | 'below' = 'above'): void {
    const own = new Map<string, Pending[]>()
    for (const pending of pendings) {
      const id = targetOf(pending.command)
      own.set(id, [...(own.get(id) ?? []), pending])
    }
    for (const [id, added] of own) {
      const others = this.#pending.get(id) ?? []
      this.#pending.set(id, where === 'above' ? [...others, ...added] : [...added, ...others])
    }
    this.#refresh(own.keys())
  }

  /** Shows the effect of commands that were changed in place. */
  refresh(pendings: readonly Pending[]): void {
    this.#refresh(new Set(pendings.map(({ command }) => targetOf(command))))
  }

  /** Keeps the guesses of answered commands until the feed has reached batch `seq`. */
  acknowledge(pendings: readonly Pending[], seq: number): void {
    for (const pending of pendings) {
      pending.answered = seq
      this.#answered.push(pending)
    }
    this.#refresh(this.#dropShown())
  }

  /** Takes back commands that will have no effect. */
  dropPending(pendings: readonly Pending[]): void {
    this.#refresh(this.#drop(pendings))
  }

  /** Loads the code that finds room, and guesses again where earlier pages' pictures go that have no place. */
  async #loadFreeSpots(): Promise<void> {
    this.#FreeSpots = null
    const code = await import('./free-spots.ts').catch(() => undefined)
    // Without it, the next picture, or snapshot, comes with another try.
    this.#FreeSpots = code?.FreeSpots
    if (!code) return
    const placeless = [...this.#guesses.keys()].filter(
      ({ command }) => command.kind === 'image.add' && command.x === undefined,
    )
    for (const pending of placeless) this.#guesses.delete(pending)
    this.#refresh(new Set(placeless.map(({ command }) => targetOf(command))))
  }

  /** Tells of pictures that others have trashed while they stand here. */
  #tellTrashed(changed: Iterable<string>): void {
    const ids = new Set<string>()
    const visitors = new Set<string>()
    for (const id of changed) {
      const record = this.#feed.get(id)
      const isTrashed = record?.kind === 'image' && record.deletedAt !== null
      if (!isTrashed || this.pictures.get(id)?.deletedAt !== null) continue
      // One's own are gone from here already, unless they were trashed in another tab.
      if (record.deletedBy === this.visitor) continue
      ids.add(id)
      if (record.deletedBy !== null) visitors.add(record.deletedBy)
    }
    if (ids.size === 0) return
    const isEdited = (id: string): boolean =>
      this.#pending.get(id)?.some(({ command }) => command.kind === 'image.patch') ?? false
    this.emit('trashed', { ids, visitors, edited: new Set([...ids].filter(isEdited)) })
  }

  /** Drops the commands whose effect the feed shows, and returns the ids of their records. */
  #dropShown(): Set<string> {
    if (!this.#cursor) return new Set()
    const seq = seqOf(this.#cursor)
    const shown = this.#answered.filter(({ answered }) => answered! <= seq)
    if (shown.length === 0) return new Set()
    this.#answered = this.#answered.filter(({ answered }) => answered! > seq)
    return this.#drop(shown)
  }

  #drop(pendings: readonly Pending[]): Set<string> {
    const dropped = new Set(pendings)
    const ids = new Set(pendings.map(({ command }) => targetOf(command)))
    for (const pending of pendings) this.#guesses.delete(pending)
    for (const id of ids) {
      const left = this.#pending.get(id)?.filter((pending) => !dropped.has(pending))
      if (left?.length) this.#pending.set(id, left)
      else this.#pending.delete(id)
    }
    return ids
  }

  #refresh(ids: Iterable<string>): void {
    const changed = new Set<string>()
    for (const id of ids) if (this.#show(id, this.#visible(id))) changed.add(id)
    if (changed.size > 0) this.emit('records', changed)
  }

  /** Returns the record as it is shown. */
  #visible(id: string): AnyRecord | undefined {
    const record = this.#feed.get(id)
    const pendings = this.#pending.get(id)
    if (!pendings) return record
    const draft = new Draft({
      size: record ? 1 : 0,
      get: (other) => (other === id ? record : undefined),
      values: () => [],
    })
    for (const pending of pendings) {
      if (pending.command.kind === 'image.add' || pending.command.kind === 'image.copy') {
        const guess = draft.get(id) ? null : this.#guess(pending)
        if (guess) draft.add([{ put: guess }])
      } else {
        const result = apply(draft, pending.command, this.#who(pending))
        if (!(result instanceof WireError)) draft.add(result)
      }
    }
    return draft.get(id)
  }

  /** Returns the record of a picture that is being added or copied, placed among all the others. */
  #guess(pending: Pending): ImageRecord | null {
    const known = this.#guesses.get(pending)
    if (known !== undefined) return known
    const { pictures, settings } = this
    const self = targetOf(pending.command)
    const shown = pictures.get(self)
    if (this.#FreeSpots) this.#freeSpots ??= new this.#FreeSpots(pictures.values())
    else if (this.#FreeSpots === undefined) inBackground(this.#loadFreeSpots())
    this.#freeSpots?.note(shown, undefined)
    const others: Records = {
      size: pictures.size,
      freeSpots: this.#freeSpots,
      get: (id) => (id === 'board' ? settings : id === self ? undefined : pictures.get(id)),
      *values() {
        for (const picture of pictures.values()) if (picture.id !== self) yield picture
      },
    }
    const result = apply(others, pending.command, this.#who(pending))
    this.#freeSpots?.note(undefined, shown)
    const [change] = result instanceof WireError ? [] : result
    const guess = change && 'put' in change && change.put.kind === 'image' ? change.put : null
    this.#guesses.set(pending, guess)
    return guess
  }

  #who({ at }: Pending) {
    return { visitor: this.visitor, role: 'own', now: at } as const
  }

  /** Stores the record as it is shown. Returns whether it differs from before. */
  #show(id: string, record: AnyRecord | undefined): boolean {
    if (id === 'board') {
      const board = record?.kind === 'board' ? record : emptyBoard
      const differs = !isEqual(board, this.settings)
      this.settings = board
      return differs
    }
    const before = this.pictures.get(id)
    if (before && record && isEqual<AnyRecord>(before, record)) return false
    this.#freeSpots?.note(before, record)
    if (record?.kind !== 'image') return this.pictures.delete(id)
    this.pictures.set(id, record)
    return true
  }
}

/** Compares records, which are flat but for lists of numbers. */
function isEqual<T extends AnyRecord>(a: T, b: T): boolean {
  const keys = Object.keys(b) as (keyof T)[]
  const isSame = (key: keyof T) =>
    a[key] === b[key] || (Array.isArray(b[key]) && String(a[key]) === String(b[key]))
  return keys.length === Object.keys(a).length && keys.every(isSame)
}
