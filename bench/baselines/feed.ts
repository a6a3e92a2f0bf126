/** Records in memory, and their changes in batches of the product's shape. Nothing is stored. */
export class Feed {
  readonly #records = new Map<string, object>()
  readonly #tick: number
  readonly #send: (text: string) => void
  #changes: { put: object }[] = []
  #timer: NodeJS.Timeout | undefined
  #sentAt = 0
  #seq = 0
  #cursor = (seq: number) => `epoch.${seq}.stamp`

  /**
   * `tick` is the least time between two messages in milliseconds; 0 sends a message for each
   * change.
   */
  constructor(tick: number, send: (text: string) => void) {
    this.#tick = tick
    this.#send = send
  }

  get seq(): number {
    return this.#seq
  }

  /** Starts from a snapshot of the product, so that every message is as long as the product's. */
  seed({ cursor, records }: { cursor: string; records: { id: string }[] }): void {
    const [epoch, seq, stamp] = cursor.split('.')
    this.#seq = Number(seq)
    this.#cursor = (seq) => `${epoch}.${seq}.${stamp}`
    for (const record of records) this.#records.set(record.id, record)
  }

  patch(commands: { id: string; set: object }[]): void {
    for (const { id, set } of commands) {
      const record = { ...this.#records.get(id), ...set }
      this.#records.set(id, record)
      this.#changes.push({ put: record })
      if (this.#tick === 0) this.#flush()
    }
    if (this.#tick === 0) return
    const rest = Math.max(0, this.#sentAt + this.#tick - performance.now())
    this.#timer ??= setTimeout(() => this.#flush(), rest)
  }

  #flush(): void {
    this.#timer = undefined
    this.#sentAt = performance.now()
    const [from, to] = [this.#cursor(this.#seq), this.#cursor(++this.#seq)]
    this.#send(JSON.stringify({ from, to, changes: this.#changes }))
    this.#changes = []
  }
}
