import type { AuditEntry, AuditPage } from '@wirephoto/board'
import { type Accessor, createSignal, onCleanup } from 'solid-js'
import { inBackground } from '../browser/in-background.ts'
import { request } from '../browser/server-requests.ts'
import { sentenceOf } from '../state/link-exchange.ts'

/** Time between two looks for newer entries while the list is open. */
const REFRESH_MS = 5_000

/** The entries of a board's audit, as far as they were fetched: newest first. */
export class AuditPages {
  readonly entries: Accessor<readonly AuditEntry[] | null>
  /** The sentence that says why the last fetch failed; null if it didn't. */
  readonly fault: Accessor<string | null>
  readonly hasEarlier: Accessor<boolean>
  readonly isFetching: Accessor<boolean>
  readonly #path: string
  readonly #setEntries: (entries: readonly AuditEntry[]) => void
  readonly #setFault: (fault: string | null) => void
  readonly #setFetching: (isFetching: boolean) => void
  readonly #next: Accessor<number | null>
  readonly #setNext: (next: number | null) => void

  /** Fetches the newest entries, and newer ones from time to time until its owner goes. */
  constructor(board: string) {
    this.#path = `/api/boards/${board}/audit`
    const [entries, setEntries] = createSignal<readonly AuditEntry[] | null>(null)
    const [fault, setFault] = createSignal<string | null>(null)
    const [next, setNext] = createSignal<number | null>(null)
    const [isFetching, setFetching] = createSignal(false)
    this.entries = entries
    this.fault = fault
    this.hasEarlier = () => next() !== null
    this.isFetching = isFetching
    this.#setEntries = setEntries
    this.#setFault = setFault
    this.#setFetching = setFetching
    this.#next = next
    this.#setNext = setNext
    this.refresh()
    const timer = setInterval(() => this.refresh(), REFRESH_MS)
    onCleanup(() => clearInterval(timer))
  }

  /** Fetches the newest entries. */
  refresh(): void {
    inBackground(
      this.#fetch('', ({ entries, next }) => {
        const known = this.entries() ?? []
        const newer = entries.filter(({ at }) => at > (known[0]?.at ?? 0))
        // Where more is new than one answer has, the list begins again.
        const isGapless = newer.length < entries.length
        this.#setEntries(isGapless ? [...newer, ...known] : entries)
        if (!isGapless) this.#setNext(next)
      }),
    )
  }

  /** Fetches the entries before those that are here. */
  fetchEarlier(): void {
    inBackground(
      this.#fetch(`?before=${this.#next()}`, ({ entries, next }) => {
        const oldest = this.entries()?.at(-1)?.at ?? Number.POSITIVE_INFINITY
        this.#setEntries([...(this.entries() ?? []), ...entries.filter(({ at }) => at < oldest)])
        this.#setNext(next)
      }),
    )
  }

  async #fetch(query: string, take: (page: AuditPage) => void): Promise<void> {
    if (this.isFetching()) return
    this.#setFetching(true)
    try {
      take(await request<AuditPage>('GET', this.#path + query))
      this.#setFault(null)
    } catch (error) {
      this.#setFault(sentenceOf(error))
    } finally {
      this.#setFetching(false)
    }
  }
}
