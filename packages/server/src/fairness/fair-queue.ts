import { LEVELS, type Party, partyToGiveWay } from './party.ts'

/** An item whose turn has come. */
export interface Turn<T> {
  readonly item: T
  readonly party: Party
  /** Charges what the turn has cost, in the queue's unit, in place of the estimate. Call it once. */
  end(cost: number): void
}

interface Entry<T> {
  readonly party: Party
  readonly item: T
}

/** One address, board or visitor; the root stands for the server. */
interface Account<T> {
  readonly children: Map<string, Account<T>>
  readonly items: Entry<T>[]
  /** Items that wait here and below. */
  waiting: number
  /** Turns that are under way here and below. */
  running: number
  /** Cost of its turns so far. An account that comes back begins no lower than the others stand. */
  used: number
  /** Where those below stand: the least use among them at the last turn. */
  floor: number
}

/** Tells whether an address, with so many turns under way, may have one now. */
type MayRun = (address: string, running: number) => boolean

interface Options {
  /** Items that may wait. */
  readonly maxCount: number
  /** Cost that is charged when a turn begins, until its end tells the real one. */
  readonly estimate?: number
}

/**
 * A queue in which each address has its turn, on each address each board, and on each board each visitor. The one
 * that has used least comes next, so a costly turn is followed by a long wait. The items of one visitor keep their
 * order. It is start-time fair queueing (Goyal, Vin and Cheng, 1996), nested.
 */
export class FairQueue<T> {
  readonly #maxCount: number
  readonly #estimate: number
  readonly #root: Account<T> = newAccount(0)

  constructor({ maxCount, estimate = 1 }: Options) {
    this.#maxCount = maxCount
    this.#estimate = estimate
  }

  /** Items that wait. */
  get size(): number {
    return this.#root.waiting
  }

  /**
   * Adds an item; an urgent one before the others of its visitor. Returns the item that must give way, if the queue
   * is full: the newest of the party that holds most, which may be this one.
   */
  push(party: Party, item: T, isUrgent = false): T | undefined {
    let displaced: T | undefined
    if (this.size >= this.#maxCount) {
      const fullest = partyToGiveWay(party, (above) => this.#countsBelow(above))
      if (!fullest) return item
      displaced = this.#removeNewest(fullest)
    }
    this.#add({ party, item }, isUrgent)
    return displaced
  }

  /** Puts an item back in front, which had a turn already. It is never displaced. */
  unshift(party: Party, item: T): void {
    this.#add({ party, item }, true)
  }

  /** Returns the item that `shift` would take. */
  peek(mayRun?: MayRun): T | undefined {
    return this.#nextPath(mayRun)?.at(-1)!.items[0]!.item
  }

  /** Takes the next item. */
  shift(mayRun?: MayRun): Turn<T> | undefined {
    const path = this.#nextPath(mayRun)
    const entry = path?.at(-1)!.items.shift()
    if (!path || !entry) return undefined
    const { party, item } = entry
    for (const [i, each] of path.entries()) {
      each.waiting--
      each.running++
      if (i > 0) {
        path[i - 1]!.floor = each.used
        each.used += this.#estimate
      }
    }
    return { item, party, end: (cost) => this.#end(path, party, cost) }
  }

  /** Removes and returns all items that wait. */
  clear(): T[] {
    const items = [...this.#entries()].map(({ item }) => item)
    this.#root.children.clear()
    this.#root.waiting = 0
    return items
  }

  /** Finds the account of the next item, and those above it. */
  #nextPath(mayRun?: MayRun): Account<T>[] | undefined {
    const path = [this.#root]
    for (const level of LEVELS) {
      const account = leastUsed(path.at(-1)!, level === 'address' ? mayRun : undefined)
      if (!account) return undefined
      path.push(account)
    }
    return path
  }

  #add(entry: Entry<T>, isUrgent: boolean): void {
    let account = this.#root
    account.waiting++
    for (const level of LEVELS) {
      const key = entry.party[level]
      if (account.children.size > 2 * this.#maxCount) forgetIdle(account)
      const child = account.children.get(key) ?? newAccount<T>(account.floor)
      account.children.set(key, child)
      if (child.waiting === 0) child.used = Math.max(child.used, account.floor)
      child.waiting++
      account = child
    }
    account.items[isUrgent ? 'unshift' : 'push'](entry)
  }

  #removeNewest(party: Party): T {
    const path = this.#pathOf(party)
    const { item } = path.at(-1)!.items.pop()!
    for (const account of path) account.waiting--
    this.#prune(path, party)
    return item
  }

  /** Yields those below an account, with the number of their items that wait. */
  *#countsBelow(above: readonly string[]): Generator<[string, number]> {
    let account: Account<T> | undefined = this.#root
    for (const key of above) account = account?.children.get(key)
    // Nothing of a newcomer waits yet.
    if (!account) return
    for (const [key, { waiting }] of account.children) yield [key, waiting]
  }

  #end(path: readonly Account<T>[], party: Party, cost: number): void {
    for (const [i, account] of path.entries()) {
      account.running--
      if (i > 0) account.used += Math.max(cost, 0) - this.#estimate
    }
    this.#prune(path, party)
  }

  #pathOf(party: Party): Account<T>[] {
    const path = [this.#root]
    for (const level of LEVELS) path.push(path.at(-1)!.children.get(party[level])!)
    return path
  }

  /** Forgets accounts without items that have used no more than the others; all of them when nothing is left to do. */
  #prune(path: readonly Account<T>[], party: Party): void {
    for (let i = LEVELS.length; i > 0; i--) {
      const [parent, account] = [path[i - 1]!, path[i]!]
      const isIdle = account.waiting === 0 && account.running === 0
      const isOver = parent.waiting === 0 && parent.running === 0
      if (isIdle && (isOver || account.used <= parent.floor)) {
        const key = party[LEVELS[i - 1]!]
        if (parent.children.get(key) === account) parent.children.delete(key)
      }
      // Nobody waits for anybody, so nobody owes anything.
      if (isOver) {
        parent.children.clear()
        parent.floor = 0
      }
    }
  }

  *#entries(account = this.#root): Generator<Entry<T>> {
    yield* account.items
    for (const child of account.children.values()) yield* this.#entries(child)
  }
}

const newAccount = <T>(used: number): Account<T> => ({
  children: new Map(),
  items: [],
  waiting: 0,
  running: 0,
  used,
  floor: 0,
})

/** Bounds the accounts that are kept for what they owe, where more parties come than can wait. */
function forgetIdle<T>({ children }: Account<T>): void {
  for (const [key, { waiting, running }] of children)
    if (waiting === 0 && running === 0) children.delete(key)
}

/** Returns the account below with items that has used least, of equals the one that came first. */
function leastUsed<T>({ children }: Account<T>, mayRun?: MayRun): Account<T> | undefined {
  let least: Account<T> | undefined
  for (const [key, child] of children)
    if (
      child.waiting > 0 &&
      (!least || child.used < least.used) &&
      (!mayRun || mayRun(key, child.running))
    )
      least = child
  return least
}
