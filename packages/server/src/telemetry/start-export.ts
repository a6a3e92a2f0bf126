import type { FastifyBaseLogger } from 'fastify'
import { serverIdOf } from '../bus/server-id.ts'
import type { Metrics } from '../metrics.ts'

const DEFAULT_INTERVAL_MS = 60_000
const DEFAULT_TIMEOUT_MS = 10_000
/** A timer with a longer time fires at once. */
const LONGEST_TIME_MS = 2_147_483_647

interface Options {
  readonly data: string
  readonly metrics: Metrics
  readonly log: FastifyBaseLogger
}

/**
 * Starts to send the measurements to the collector that the environment names, and defers the end onto `stack`. Its
 * packages are loaded here alone. It logs a missing package or a wrong address, since a server must not end for those.
 */
export async function startExport(
  { data, metrics, log }: Options,
  stack: AsyncDisposableStack,
): Promise<void> {
  const { env } = process
  const endpoint = env['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT']
  if (endpoint && !/^https?:/.test(URL.parse(endpoint)?.protocol ?? '')) {
    log.warn(
      'OTEL_EXPORTER_OTLP_ENDPOINT is no address as http://localhost:4318, so nothing is sent.',
    )
    return
  }
  const loaded = await loadExport()
  if (!loaded) {
    log.warn(
      'OpenTelemetry needs packages that aren\'t here, so nothing is sent. Install them with "npm install @opentelemetry/api @opentelemetry/exporter-metrics-otlp-proto @opentelemetry/resources @opentelemetry/sdk-metrics".',
    )
    return
  }
  const { registry } = metrics
  const server = await serverIdOf(data)
  const intervalMs = timeOf(env['OTEL_METRIC_EXPORT_INTERVAL'], DEFAULT_INTERVAL_MS)
  const timeoutMs = timeOf(env['OTEL_EXPORTER_OTLP_TIMEOUT'], DEFAULT_TIMEOUT_MS)
  stack.use(new loaded.OtlpExport({ registry, server, intervalMs, timeoutMs, log }))
}

async function loadExport(): Promise<typeof import('./otlp-export.ts') | null> {
  try {
    return await import('./otlp-export.ts')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes("'@opentelemetry/")) throw error
    return null
  }
}

function timeOf(value: string | undefined, otherwise: number): number {
  const timeMs = Number(value)
  return timeMs >= 1 ? Math.min(timeMs, LONGEST_TIME_MS) : otherwise
}
