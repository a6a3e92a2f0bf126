import type { Change } from './changes.ts'
import { idOf } from './changes.ts'
import type { AnyRecord, Records } from './records.ts'

/** Changes laid over records that stay untouched: a tick in the making, or a page's optimistic state. */
export class Draft implements Records {
  readonly #base: Records
  readonly #over = new Map<string, Change>()
  /** Records that the changes add, less those that they remove. */
  #growth = 0

  constructor(base: Records) {
    this.#base = base
  }

  get size(): number {
    return this.#base.size + this.#growth
  }

  get(id: string): AnyRecord | undefined {
    const change = this.#over.get(id)
    if (!change) return this.#base.get(id)
    return 'put' in change ? change.put : undefined
  }

  values(): Iterable<AnyRecord> {
    return this.#over.size === 0 ? this.#base.values() : this.#values()
  }

  *#values(): Generator<AnyRecord> {
    for (const record of this.#base.values()) if (!this.#over.has(record.id)) yield record
    for (const change of this.#over.values()) if ('put' in change) yield change.put
  }

  /** Lays further changes over the earlier ones. */
  add(changes: Iterable<Change>): void {
    for (const change of changes) {
      const id = idOf(change)
      this.#growth += Number('put' in change) - Number(this.get(id) !== undefined)
      this.#over.set(id, change)
    }
  }

  /** The newest change of each id. */
  get changes(): readonly Change[] {
    return [...this.#over.values()]
  }
}
