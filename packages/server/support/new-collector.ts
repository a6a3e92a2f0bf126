import { pino } from 'pino'
import { boundsWith } from '../src/bounds.ts'
import { GarbageCollector } from '../src/images/garbage-collector.ts'
import { Metrics } from '../src/metrics.ts'

type Options = ConstructorParameters<typeof GarbageCollector>[0]
type Needed = Pick<Options, 'engine' | 'boards' | 'images'>

/** Makes a collector of a server's garbage, with the default bounds, and silent unless it is told otherwise. */
export const newCollector = (options: Needed & Partial<Options>): GarbageCollector =>
  new GarbageCollector({
    audit: { prune: async () => {} },
    notify: () => {},
    bounds: boundsWith(),
    metrics: new Metrics(),
    log: pino({ level: 'silent' }),
    ...options,
  })
