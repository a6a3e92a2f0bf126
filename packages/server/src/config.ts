import type { ClassicConfig } from './classic/classic.ts'
import type { GarbageCollectionTimes } from './images/garbage-collector.ts'

export interface ServerConfig {
  /** 0 for any that is free. */
  readonly port: number
  /** Name or address to listen on; `0.0.0.0` and `::` are all there are. */
  readonly host: string
  /** How the server is reached from outside, as an origin; null when that is how it listens. */
  readonly publicUrl: string | null
  /** Folder for pictures on their way in. */
  readonly data: string
  /** `sqlite:<folder>`, `postgres://…`, `rethinkdb://…` */
  readonly engine: string
  /** Bytes of a picture. */
  readonly maxUpload: number
  /** Folder of the built page; null for the API only. */
  readonly webRoot: string | null
  /** Opens a board to the tutorials' pages, and to whoever reaches the server. Left out: none. */
  readonly classic?: ClassicConfig | undefined
  /** What is logged, as JSON lines on stderr. Left out: `warn`. */
  readonly log?: 'silent' | 'warn' | 'info'
  /** When what nobody wants is removed; for tests. */
  readonly garbageCollection?: GarbageCollectionTimes
  /** Which network addresses pictures may be fetched from; for tests. Left out: public ones. */
  readonly fetchFrom?: (address: string) => boolean
  /** Milliseconds that requests under way have to end when the server closes. Left out: 10 s. */
  readonly grace?: number
}
