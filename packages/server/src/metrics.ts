import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** How long one measurement is given to all who ask. */
const READ_INTERVAL_MS = 1_000

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

  #text: Promise<string> | null = null

  constructor() {
    collectDefaultMetrics({ register: this.registry })
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
