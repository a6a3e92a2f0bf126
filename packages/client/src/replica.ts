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
  type ImageRecord,
  idOf,
  parseCursor,
  type Records,
  type Snapshot,
  seqOf,
  WireError,
} from '@wirephoto/board'

/** A command of our own that the records of the feed don't show yet. */
export interface Pending {
  command: Command
  /** Milliseconds since 1970. */
  readonly at: number
  /** The batch by which the feed shows its effect; null until it is answered. */
  answered: number | null
}

/** The id of the record that a command is about. */
export const targetOf = (command: Command): string =>
  command.kind === 'board.patch' ? 'board' : command.id

/**
 * What the board shows: the records of the feed, with our own unanswered commands applied to them by
 * the same rules as the server's. A command's guess stays until the feed has reached its effect, so that
 * nothing flickers when the answer comes first. Only the ids that something happened to are looked at.
 */
export class Replica {
  /** Changed in place. */
  readonly pictures = new Map<string, ImageRecord>()
  settings: BoardRecord = emptyBoard
  readonly #feed = new Map<string, AnyRecord>()
  readonly #pending = new Map<string, Pending[]>()
  /** What added pictures looked like when they were added: else they would move with every batch. */
  readonly #guesses = new Map<Pending, ImageRecord | null>()
  #answered: Pending[] = []
  #cursor: Cursor | null = null
  readonly #visitor: () => string
  readonly #changed: (ids: ReadonlySet<string>) => void

  constructor(options: { visitor: () => string; changed: (ids: ReadonlySet<string>) => void }) {
    this.#visitor = options.visitor
    this.#changed = options.changed
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
    // Numbers of another history say nothing in this one.
    if (epoch !== parseCursor(cursor)?.epoch)
      for (const pending of this.#answered) pending.answered = 0
    for (const id of this.#arrived()) ids.add(id)
    for (const id of this.#pending.keys()) ids.delete(id)
    this.#refresh([...ids, ...this.#pending.keys()])
  }

  apply(batch: Batch): void {
    applyChanges(this.#feed, batch.changes)
    this.#cursor = batch.to
    this.#refresh(new Set([...batch.changes.map(idOf), ...this.#arrived()]))
  }

  /** Lays commands over the records, on top of earlier ones or below them. */
  addPending(pendings: readonly Pending[], where: 'above' | 'below' = 'above'): void {
    const own = new Map<string, Pending[]>()
    for (const pending of pendings) {
      const id = targetOf(pending.command)
      own.set(id, [...(own.get(id) ?? []), pending])
    }
    for (const [id, held] of own) {
      const others = this.#pending.get(id) ?? []
      this.#pending.set(id, where === 'above' ? [...others, ...held] : [...held, ...others])
    }
    this.#refresh(own.keys())
  }

  /** Looks again at what commands do that have been changed. */
  refresh(pendings: readonly Pending[]): void {
    this.#refresh(new Set(pendings.map(({ command }) => targetOf(command))))
  }

  /** The server has done them; their effect is there when the feed has reached `seq`. */
  acknowledge(pendings: readonly Pending[], seq: number): void {
    for (const pending of pendings) {
      pending.answered = seq
      this.#answered.push(pending)
    }
    this.#refresh(this.#arrived())
  }

  /** Takes commands back that come to nothing. */
  dropPending(pendings: readonly Pending[]): void {
    this.#refresh(this.#drop(pendings))
  }

  /** Drops the guesses whose effect the feed shows; the ids they were about. */
  #arrived(): Set<string> {
    if (!this.#cursor) return new Set()
    const seq = seqOf(this.#cursor)
    const arrived = this.#answered.filter(({ answered }) => answered! <= seq)
    if (arrived.length === 0) return new Set()
    this.#answered = this.#answered.filter(({ answered }) => answered! > seq)
    return this.#drop(arrived)
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
    if (changed.size > 0) this.#changed(changed)
  }

  /** What is seen of an id. */
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

  /** A picture that is being added or copied, among all the others. */
  #guess(pending: Pending): ImageRecord | null {
    const known = this.#guesses.get(pending)
    if (known !== undefined) return known
    const { pictures, settings } = this
    const self = targetOf(pending.command)
    const others: Records = {
      size: pictures.size,
      get: (id) => (id === 'board' ? settings : id === self ? undefined : pictures.get(id)),
      *values() {
        for (const picture of pictures.values()) if (picture.id !== self) yield picture
      },
    }
    const result = apply(others, pending.command, this.#who(pending))
    const [change] = result instanceof WireError ? [] : result
    const guess = change && 'put' in change && change.put.kind === 'image' ? change.put : null
    this.#guesses.set(pending, guess)
    return guess
  }

  #who({ at }: Pending) {
    return { visitor: this.#visitor(), role: 'edit', now: at } as const
  }

  /** Whether it differs from what was seen before. */
  #show(id: string, record: AnyRecord | undefined): boolean {
    if (id === 'board') {
      const board = record?.kind === 'board' ? record : emptyBoard
      const differs = !isEqual(board, this.settings)
      this.settings = board
      return differs
    }
    const before = this.pictures.get(id)
    if (record?.kind !== 'image') return this.pictures.delete(id)
    if (before && isEqual(before, record)) return false
    this.pictures.set(id, record)
    return true
  }
}

/** Records are flat, but for lists of numbers. */
function isEqual<T extends AnyRecord>(a: T, b: T): boolean {
  const keys = Object.keys(b) as (keyof T)[]
  const isSame = (key: keyof T) =>
    a[key] === b[key] || (Array.isArray(b[key]) && String(a[key]) === String(b[key]))
  return keys.length === Object.keys(a).length && keys.every(isSame)
}
