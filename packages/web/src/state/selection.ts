import { type Accessor, batch, createSelector, createSignal } from 'solid-js'

/** The selected pictures, and the active one: the picture that the keyboard is on. */
export class Selection {
  readonly ids: Accessor<ReadonlySet<string>>
  /** Whether a picture is selected. Notifies only pictures whose answer changes. */
  readonly has: (id: string) => boolean
  readonly active: Accessor<string | null>
  readonly isActive: (id: string) => boolean
  readonly #set: (ids: ReadonlySet<string>) => void
  /** Whether the keyboard chose the active picture, so that the focus must follow. */
  readonly byKey: Accessor<boolean>
  readonly activate: (id: string | null, byKey?: boolean) => void

  constructor() {
    const [ids, set] = createSignal<ReadonlySet<string>>(new Set())
    const [active, setActive] = createSignal<string | null>(null)
    const [byKey, setByKey] = createSignal(false)
    this.ids = ids
    this.has = createSelector(ids, (id: string, all) => all.has(id))
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
    this.selectMany([id])
    this.activate(id)
  }

  selectMany(ids: Iterable<string>): void {
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

  /** Drops pictures that aren't in this set. */
  retain(ids: { has(id: string): boolean }): void {
    const kept = [...this.ids()].filter((id) => ids.has(id))
    if (kept.length < this.ids().size) this.selectMany(kept)
    const active = this.active()
    if (active && !ids.has(active)) this.activate(null)
  }
}
