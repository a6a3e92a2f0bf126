/**
 * A row a state, a column an exit: the state that the exit leads to, or null where it changes nothing. The
 * compiler demands every cell.
 */
export type StateTable<State extends string, Exits extends readonly string[]> = Readonly<
  Record<State, { readonly [Column in keyof Exits]: State | null }>
>

/** A state that changes only through the exits of its table. */
export class StateMachine<State extends string, Exits extends readonly string[]> {
  readonly #exits: Exits
  readonly #table: StateTable<State, Exits>
  #current: State

  constructor(exits: Exits, table: StateTable<State, Exits>, start: NoInfer<State>) {
    this.#exits = exits
    this.#table = table
    this.#current = start
  }

  get current(): State {
    return this.#current
  }

  /** Takes an exit. Returns false if it changes nothing in this state. */
  take(exit: Exits[number]): boolean {
    const next = this.#table[this.#current][this.#exits.indexOf(exit)]
    if (!next) return false
    this.#current = next
    return true
  }
}
