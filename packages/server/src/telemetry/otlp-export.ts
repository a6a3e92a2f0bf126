import { hostname } from 'node:os'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import {
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources'
import type { FastifyBaseLogger } from 'fastify'
import type { Registry } from 'prom-client'
import { readMetrics } from './otlp-metrics.ts'

interface Options {
  readonly registry: Registry
  /** The id of this server, by which its measurements are told from those of others. */
  readonly server: string
  readonly intervalMs: number
  /** The time after which an export that is under way counts as failed. It goes on, beside no other. */
  readonly timeoutMs: number
  readonly log: FastifyBaseLogger
}

/** Sends the server's measurements to a collector at each interval. The environment says where, and with what headers. */
export class OtlpExport implements Disposable {
  readonly #exporter = new OTLPMetricExporter()
  readonly #resource: ReturnType<typeof resourceFromAttributes>
  readonly #options: Options
  readonly #timer: NodeJS.Timeout
  /** When the export began that is under way. */
  #sendingSince: number | null = null
  /** Whether the log says already that nothing arrives. */
  #isFailing = false

  constructor(options: Options) {
    this.#options = options
    this.#resource = resourceFromAttributes({
      'service.name': 'wirephoto',
      'service.instance.id': options.server,
      'host.name': hostname(),
    }).merge(
      detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }),
    )
    this.#timer = setInterval(() => this.#tick(), options.intervalMs).unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  /** Starts no second export beside one that hangs. */
  #tick(): void {
    const { timeoutMs } = this.#options
    if (this.#sendingSince !== null) {
      if (performance.now() - this.#sendingSince > timeoutMs)
        this.#noteFailure(`It has not answered within ${timeoutMs} ms.`)
      return
    }
    this.#sendingSince = performance.now()
    this.#send().then(
      () => {
        this.#sendingSince = null
        this.#isFailing = false
      },
      (error: unknown) => {
        this.#sendingSince = null
        this.#noteFailure(error instanceof Error ? error.message : String(error))
      },
    )
  }

  async #send(): Promise<void> {
    const { registry } = this.#options
    const metrics = await readMetrics(registry)
    const scopeMetrics = [{ scope: { name: 'wirephoto' }, metrics }]
    await new Promise<void>((resolve, reject) => {
      this.#exporter.export({ resource: this.#resource, scopeMetrics }, ({ error }) => {
        if (error) reject(error)
        else resolve()
      })
    })
  }

  /** Logs the reason alone: the error has the collector's answer too. */
  #noteFailure(reason: string): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#options.log.warn(
      { reason },
      'The OpenTelemetry collector takes no measurements. See whether it runs, and OTEL_EXPORTER_OTLP_ENDPOINT. This is said once, until it takes them again.',
    )
  }
}
