import { statfs } from 'node:fs/promises'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** How long one measurement is given to all who ask. */
const READ_INTERVAL_MS = 1_000

/** The state of a server that is looked at, and not counted. */
interface ServerState {
  readonly reasons: () => Promise<readonly { readonly code: string }[]>
  /** The data folder. */
  readonly data: string
}

/** The server's own measurements, for Prometheus. */
export class Metrics {
  readonly registry = new Registry()
  readonly viewers = new Gauge({
    name: 'wirephoto_viewers',
    help: 'Open pages.',
    registers: [this.registry],
  })
  /** Time to paint, in seconds. */
  readonly seen = new Histogram({
    name: 'wirephoto_seen_seconds',
    help: "From a picture's add to its paint on the screen of somebody else.",
    buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [this.registry],
  })

  readonly blobsAside = new Gauge({
    name: 'wirephoto_blobs_aside',
    help: 'Stored files that no picture names, set aside for seven days.',
    registers: [this.registry],
  })
  readonly blobsUnexplained = new Gauge({
    name: 'wirephoto_blobs_unexplained',
    help: 'Stored files that no picture names: so many that the last sweep has stopped. 0 is well.',
    registers: [this.registry],
  })

  readonly notReady = new Gauge({
    name: 'wirephoto_not_ready',
    help: 'What /readyz names: 1 for each reason why this server is not as it should be, and nothing while all is well.',
    labelNames: ['reason'],
    registers: [this.registry],
    collect: () => this.#collectReasons(),
  })
  readonly dataFree = new Gauge({
    name: 'wirephoto_data_free_bytes',
    help: 'Room on the disk of the data folder.',
    registers: [this.registry],
    collect: () => this.#collectRoom(),
  })

  #text: Promise<string> | null = null
  #state: ServerState | null = null

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }

  /** Measures the state of a server whenever somebody reads. */
  watch(state: ServerState): void {
    this.#state = state
  }

  async #collectReasons(): Promise<void> {
    const found = (await this.#state?.reasons()) ?? []
    this.notReady.reset()
    for (const { code } of found) this.notReady.set({ reason: code }, 1)
  }

  async #collectRoom(): Promise<void> {
    // A folder that is gone is a reason of its own.
    const disk = this.#state && (await statfs(this.#state.data).catch(() => null))
    if (disk) this.dataFree.set(disk.bavail * disk.bsize)
    else this.dataFree.reset()
  }

  /** Returns all measurements as text, measured once a second for all who ask. */
  read(): Promise<string> {
    if (this.#text) return this.#text
    this.#text = this.registry.metrics()
    setTimeout(() => {
      this.#text = null
    }, READ_INTERVAL_MS).unref()
    return this.#text
  }
}
