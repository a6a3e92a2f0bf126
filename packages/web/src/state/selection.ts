import { type Accessor, batch, createSelector, createSignal } from 'solid-js'

/** What is selected, and the one picture that the keyboard stands on. */
export class Selection {
  readonly ids: Accessor<ReadonlySet<string>>
  /** Whether a picture is selected; only those whose answer changes are told. */
  readonly has: (id: string) => boolean
  readonly active: Accessor<string | null>
  readonly isActive: (id: string) => boolean
  readonly #set: (ids: ReadonlySet<string>) => void
  /** Whether it was the keyboard that went there, so that the focus has to follow. */
  readonly byKey: Accessor<boolean>
  readonly activate: (id: string | null, byKey?: boolean) => void

  constructor() {
    const [ids, set] = createSignal<ReadonlySet<string>>(new Set())
    const [active, setActive] = createSignal<string | null>(null)
    const [byKey, setByKey] = createSignal(false)
    this.ids = ids
    this.has = createSelector(ids, (id: string, selectAll) => selectAll.has(id))
    this.active = active
    this.isActive = createSelector(active)
    this.#set = (next) => {
      if (next.size > 0 || ids().size > 0) set(next)
    }
    this.byKey = byKey
    this.activate = (id, key = false) =>
      batch(() => {
        setByKey(key)
        setActive(id)
      })
  }

  select(id: string): void {
    this.all([id])
    this.activate(id)
  }

  all(ids: Iterable<string>): void {
    this.#set(new Set(ids))
  }

  toggle(id: string): void {
    const next = new Set(this.ids())
    if (!next.delete(id)) next.add(id)
    this.#set(next)
    this.activate(id)
  }

  clear(): void {
    this.#set(new Set())
  }

  /** Forgets what no longer stands on the board. */
  retain(standing: { has(id: string): boolean }): void {
    const kept = [...this.ids()].filter((id) => standing.has(id))
    if (kept.length < this.ids().size) this.all(kept)
    const active = this.active()
    if (active && !standing.has(active)) this.activate(null)
  }
}
