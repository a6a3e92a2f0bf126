import { limits, type SeenBy as News } from '@wirephoto/board'

/** Milliseconds in which sights are gathered for one report. */
const REPORT_INTERVAL_MS = 100

/** Who has a picture on their screen. */
export interface SeenBy {
  /** Each once, in the order in which they saw it; milliseconds from the add to the sight. */
  readonly by: readonly { visitor: string; name: string; milliseconds: number }[]
  /** How many others are here. */
  readonly otherCount: number
}

/** Pictures that came to be seen: others' here, and ours elsewhere. */
export class SeenReceipts {
  readonly #report: (ids: readonly string[]) => void
  readonly #changed: (ids: ReadonlySet<string>) => void
  readonly #seen = new Map<string, SeenBy>()
  /** Reported before, and to be reported. */
  readonly #known = new Set<string>()
  #fresh: string[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: {
    report: (ids: readonly string[]) => void
    changed: (ids: ReadonlySet<string>) => void
  }) {
    this.#report = options.report
    this.#changed = options.changed
  }

  get(id: string): SeenBy | null {
    return this.#seen.get(id) ?? null
  }

  /** Each picture is reported once. */
  report(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#known.has(id)) continue
      this.#known.add(id)
      this.#fresh.push(id)
    }
    if (this.#fresh.length > 0) this.#timer ??= setTimeout(() => this.#flush(), REPORT_INTERVAL_MS)
  }

  receive(news: News): void {
    for (const [id, { viewers, otherCount }] of Object.entries(news)) {
      const before = this.#seen.get(id)?.by ?? []
      const known = new Set(before.map(({ visitor }) => visitor))
      this.#seen.set(id, {
        by: [...before, ...viewers.filter(({ visitor }) => !known.has(visitor))],
        otherCount,
      })
    }
    this.#changed(new Set(Object.keys(news)))
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #flush(): void {
    this.#timer = undefined
    const ids = this.#fresh.splice(0)
    for (let i = 0; i < ids.length; i += limits.picturesPerReport)
      this.#report(ids.slice(i, i + limits.picturesPerReport))
  }
}
