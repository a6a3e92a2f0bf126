import { compose } from './compose.ts'
import type { ServerConfig } from './config.ts'
import { urlsForOthers } from './http/addresses.ts'
import { listen, listenToo, urlOf } from './http/listen.ts'
import { serveMetrics } from './http/metrics-server.ts'
import { createLog } from './log.ts'

export interface RunningServer {
  readonly port: number
  /** Where it is reached, without a slash at the end. */
  readonly url: string
  /** Where other computers reach it, the best first; none if it listens to this one only. */
  readonly urlsForOthers: readonly string[]
  /** The port of `classic.port`; null without one. */
  readonly classicPort: number | null
  /** The port that `/metrics` has for itself; null without one. */
  readonly metricsPort: number | null
  /** Ends open requests, within limits, then closes everything. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts a server. From then on this process makes files for its own user alone. Whatever fails while it closes, the
 * rest is closed too. Rejects with `EngineError` or `IssuerError`, or with the system's
 * error if it can't listen or write.
 */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const log = createLog(config.log ?? 'warn', process.stderr)
  await using stack = new AsyncDisposableStack()
  const { app, metrics, resume } = await compose(config, log, stack)
  const port = await listen(app.server, config, stack)
  const url = urlOf(app.server, config)
  const { host, classic } = config
  const classicPort =
    classic?.port == null ? null : await listenToo(app.server, { port: classic.port, host }, stack)
  const metricsPort =
    typeof config.metrics === 'object'
      ? await serveMetrics(metrics, config.metrics, log, stack)
      : null
  resume()
  const opened = stack.move()
  let closed: Promise<void> | undefined
  const others = urlsForOthers(config, port)
  return {
    port,
    url,
    urlsForOthers: others,
    classicPort,
    metricsPort,
    close: () => (closed ??= opened.disposeAsync()),
  }
}
