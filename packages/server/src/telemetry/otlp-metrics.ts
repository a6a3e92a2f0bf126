import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
} from '@opentelemetry/sdk-metrics'
import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client'

type PrometheusMetric = MetricObjectWithValues<MetricValue<string>>
type HistogramPoint = Extract<
  MetricData,
  { readonly dataPointType: DataPointType.HISTOGRAM }
>['dataPoints'][number]

const SECOND_MS = 1_000
const NS_PER_MS = 1_000_000

/** The time in which measurements were made. */
interface Span {
  readonly startTime: HrTime
  readonly endTime: HrTime
}

/** Reads all measurements, under the names that Prometheus knows them by. */
export async function readMetrics(registry: Registry): Promise<MetricData[]> {
  const span = { startTime: hrTimeOf(performance.timeOrigin), endTime: hrTimeOf(Date.now()) }
  return (await registry.getMetricsAsJSON()).map((metric) => toMetricData(metric, span))
}

function toMetricData(metric: PrometheusMetric, span: Span): MetricData {
  const { name, help, type, values } = metric
  const common = {
    descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  }
  // The types have a name for it, the values have its text.
  switch (`${type}`) {
    case 'histogram': {
      const dataPoints = histogramPoints(metric, span)
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints }
    }
    case 'counter': {
      const dataPoints = numberPoints(values, span)
      return { ...common, dataPointType: DataPointType.SUM, dataPoints, isMonotonic: true }
    }
    default:
      return {
        ...common,
        dataPointType: DataPointType.GAUGE,
        dataPoints: numberPoints(values, span),
      }
  }
}

function numberPoints(values: PrometheusMetric['values'], span: Span): DataPoint<number>[] {
  return values.map(({ labels, value }) => ({ ...span, attributes: attributesOf(labels), value }))
}

/** Prometheus counts in each bucket all that is smaller too; OpenTelemetry doesn't. */
function histogramPoints({ name, values }: PrometheusMetric, span: Span): HistogramPoint[] {
  const points = new Map<string, Draft>()
  for (const { labels, value, ...rest } of values) {
    const { le, ...others } = labels
    const key = JSON.stringify(others)
    const draft = points.get(key) ?? new Draft(attributesOf(others))
    points.set(key, draft)
    const { metricName } = rest as { metricName?: string }
    if (metricName === `${name}_sum`) draft.sum = value
    else if (metricName === `${name}_count`) draft.count = value
    else draft.addBucket(le, value)
  }
  return Array.from(points.values(), (draft) => draft.toPoint(span))
}

/** A histogram of one set of labels. */
class Draft {
  sum = 0
  count = 0
  readonly #attributes: Attributes
  readonly #boundaries: number[] = []
  readonly #counts: number[] = []
  #below = 0

  constructor(attributes: Attributes) {
    this.#attributes = attributes
  }

  /** Takes the buckets in their order; the last one has no end. */
  addBucket(end: string | number | undefined, below: number): void {
    if (typeof end === 'number') this.#boundaries.push(end)
    this.#counts.push(below - this.#below)
    this.#below = below
  }

  toPoint(span: Span): HistogramPoint {
    const buckets = { boundaries: this.#boundaries, counts: this.#counts }
    const value = { buckets, sum: this.sum, count: this.count }
    return { ...span, attributes: this.#attributes, value }
  }
}

function attributesOf(labels: MetricValue<string>['labels']): Attributes {
  return { ...labels }
}

function hrTimeOf(timeMs: number): HrTime {
  const whole = Math.floor(timeMs)
  return [Math.floor(whole / SECOND_MS), (whole % SECOND_MS) * NS_PER_MS]
}
