import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { MediaType } from '@wirephoto/board'
import type { Bounds } from './bounds.ts'
import type { LogLevel } from './log.ts'

/** A server of Node's, of this program or of the one that Wirephoto is a part of. */
export type NodeServer = HttpServer | HttpsServer

/** How a server is set up. */
export interface ServerConfig {
  /**
   * The name or address that it listens on; `0.0.0.0` and `::` mean all addresses. Null where somebody else's server
   * listens: then it counts as reached by everybody.
   */
  readonly host: string | null
  /** Somebody else's server that hands our requests on, and whose address is ours. Default: none. */
  readonly server?: NodeServer | undefined
  /** The URL by which others reach the server, perhaps with a path; null if that is where it listens. */
  readonly publicUrl: string | null
  /** The path under which all its addresses lie, as `/photos`. Default: that of the public URL. */
  readonly path?: string | undefined
  /** Addresses, CIDR ranges or names of ranges of the proxies before it, whose word is taken. Default: none. */
  readonly trustProxy?: readonly string[] | undefined
  /** The other sites whose pages may ask, as `https://site.example`: by bearer, never by cookie. Default: none. */
  readonly allowedOrigins?: readonly string[] | undefined
  /**
   * Whether the board at `/` opens by its address, as `edit`, though others reach the server. Default: it does so
   * only where the server listens on loopback and has neither a public URL nor proxies, and then as `own`.
   */
  readonly isOpen?: boolean | undefined
  /**
   * Who may make boards. Default: anyone where only this machine reaches the server, by the same settings; else the
   * server's owner.
   */
  readonly create?: 'anyone' | 'owner' | undefined
  /** Who signs people in that own the server. Default: nobody, so that they own it by an owner code alone. */
  readonly oidc?: OidcConfig | undefined
  /** The folder for pictures on their way in. */
  readonly data: string
  /** `sqlite:<folder>`, `postgres://…`, `rethinkdb://…` */
  readonly engine: string
  /** The Redis or Valkey that carries what is ephemeral between servers of one engine: `redis://…`. Default: none. */
  readonly bus?: string | undefined
  /** Where other servers of the engine reach this one, without a slash at the end. Default: nowhere. */
  readonly nodeUrl?: string | undefined
  /** Time between two signs of life for other servers; ten without one are a server's death. For tests. Default: 3 s. */
  readonly nodeBeatMs?: number | undefined
  /** The code of a loss of stored data that the operator accepts. Default: none. */
  readonly acceptLoss?: string | undefined
  /** The largest picture, in bytes. */
  readonly maxUpload: number
  /** The folder of the built page; null for the API only. */
  readonly webRoot: string | null
  /** Opens one board to the tutorials' pages, and to everybody who reaches the server. Default: none. */
  readonly classic?: ClassicConfig | undefined
  /** Memory that all decoders may use together, in bytes. Default: half of the machine's. */
  readonly memory?: number | undefined
  /** Kinds that are refused before they are decoded, by their media types. Default: none. */
  readonly refuse?: readonly MediaType[] | undefined
  /** Where `/metrics` is served: nowhere, or at an address of its own. Default: beside the boards. */
  readonly metrics?: 'off' | MetricsAddress | undefined
  /**
   * Whether the measurements go to a collector by OpenTelemetry, too. The variables `OTEL_…` of the environment say to
   * which. Default: no.
   */
  readonly openTelemetry?: boolean | undefined
  /** Bounds that differ from their defaults. */
  readonly bounds?: Partial<Bounds> | undefined
  /** The least level that is logged, as JSON lines on stderr. Default: `warn`. */
  readonly log?: LogLevel | undefined
  /** When unused files and records are removed. For tests. */
  readonly garbageCollection?: GarbageCollectionTimes
  /** The time for which the clock must run steadily before anything ends by it. For tests. Default: ten minutes. */
  readonly steadyClockMs?: number
  /** The minute in which links and strangers add so many pictures, in milliseconds. For tests. Default: a minute. */
  readonly pictureMinuteMs?: number
  /** Ports that pictures may be fetched from, beside 80 and 443. Default: none. */
  readonly fetchPorts?: readonly number[] | undefined
  /** Hosts that webhooks may reach wherever they are, as `name` or `name:port`. Default: none. */
  readonly webhookTo?: readonly string[] | undefined
  /** Decides alone which network addresses and ports pictures may be fetched from. For tests. */
  readonly fetchFrom?: (address: string, port: number) => boolean
  /** The time that open requests have to end when the server closes, in milliseconds. Default: 10 s. */
  readonly grace?: number
}

/** An address of its own for `/metrics`. */
export interface MetricsAddress {
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
}

/** The settings of `--oidc`: an OpenID Connect provider, and whom of those that it knows the server belongs to. */
export interface OidcConfig {
  /** Its address, as it names itself. By http on this machine alone. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Addresses, which have an @ and count when they are verified, and subjects. */
  readonly owners: readonly string[]
}

/** The settings of `--classic`. */
export interface ClassicConfig {
  /** The board that is open to everybody who reaches the server. It is created if it isn't there. */
  readonly board: string
  /** The folder of the tutorials' own pages, or null. */
  readonly pages: string | null
  /** A second port to listen on, or null. */
  readonly port: number | null
  /** The time that a viewer has to take its events, however many, in milliseconds. For tests. */
  readonly viewerTimeoutMs?: number
}

export interface GarbageCollectionTimes {
  /** From the start of the server to the first collection. */
  readonly firstDelayMs: number
  readonly intervalMs: number
  /** How long a blob may wait for its record. */
  readonly blobLeaseMs: number
  /** How long a picture may be arriving while no byte of it comes. */
  readonly arrivingTimeoutMs: number
  /** How long a blob lies aside that no record names. */
  readonly asideMs: number
}
