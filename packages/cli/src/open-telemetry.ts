/** Whether the environment names a collector, by the variables that all programs with OpenTelemetry have. */
export function namesCollector(env: NodeJS.ProcessEnv): boolean {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: any, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: own } = env
  return Boolean(any || own) && env['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true'
}
