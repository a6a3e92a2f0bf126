import type { Change } from './changes.ts'
import { idOf } from './changes.ts'
import type { AnyRecord, Records } from './records.ts'

/** Changes laid over records that stay as they are: what a tick may become, what a page guesses. */
export class Draft implements Records {
  readonly #base: Records
  readonly #over = new Map<string, Change>()
  #more = 0

  constructor(base: Records) {
    this.#base = base
  }

  get size(): number {
    return this.#base.size + this.#more
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

  add(changes: Iterable<Change>): void {
    for (const change of changes) {
      const id = idOf(change)
      this.#more += Number('put' in change) - Number(this.get(id) !== undefined)
      this.#over.set(id, change)
    }
  }

  /** The newest change of each id. */
  get changes(): readonly Change[] {
    return [...this.#over.values()]
  }
}
