import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

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

  constructor() {
    collectDefaultMetrics({ register: this.registry })
  }
}
