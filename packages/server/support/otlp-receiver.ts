import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

const DRIP_INTERVAL_MS = 20

type Labels = Readonly<Record<string, string>>

/** One value of a measurement, as it arrived. */
interface Point {
  readonly labels: Labels
  readonly startMs: number
  readonly timeMs: number
  /** The value, or that of a histogram. */
  readonly value: number | { sum: number; count: number; bounds: number[]; counts: number[] }
}

/** A measurement as it arrived. */
interface ReceivedMetric {
  readonly help: string
  readonly kind: 'gauge' | 'counter' | 'histogram'
  readonly points: readonly Point[]
}

/** A request that a collector was sent. */
interface Received {
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly resource: Labels
  readonly metrics: ReadonlyMap<string, ReceivedMetric>
}

/** A collector that takes measurements by OTLP over HTTP with protobuf, on a free port of this machine. */
export class OtlpReceiver {
  readonly #server: Server
  readonly #waiting: ((received: Received) => void)[] = []
  /** How it answers: with a status, or without an end. */
  answer: number | 'endless' = 200
  requestCount = 0

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requestCount++
      buffer(request)
        .then((bytes) => {
          if (this.answer === 'endless') return dripInto(response)
          const { url, headers } = request
          response.writeHead(this.answer).end()
          const received = { url, headers, ...decodeMetrics(bytes) }
          for (const resolve of this.#waiting.splice(0)) resolve(received)
        })
        .catch((error: unknown) => response.destroy(error as Error))
    })
  }

  static async open(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver()
    await once(receiver.#server.listen(0, '127.0.0.1'), 'listening')
    return receiver
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resolves with what comes next and is answered. */
  next(): Promise<Received> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

function dripInto(response: ServerResponse): void {
  const timer = setInterval(() => response.write('.'), DRIP_INTERVAL_MS)
  response.once('close', () => clearInterval(timer))
}

/** The fields of a message, by their numbers. */
type Fields = ReadonlyMap<number, readonly (Buffer | bigint)[]>

/** Reads a message of protobuf: its fields are numbers, 8 bytes, or bytes with their length before them. */
function fieldsOf(bytes: Buffer): Fields {
  const fields = new Map<number, (Buffer | bigint)[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number) => bytes.subarray(at, (at += length))
  while (at < bytes.length) {
    const tag = Number(varint())
    const kind = tag & 7
    if (![0, 1, 2].includes(kind)) throw new Error(`It has a field of the kind ${kind}.`)
    const value = kind === 0 ? varint() : take(kind === 1 ? 8 : Number(varint()))
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value])
  }
  return fields
}

const bytesOf = (fields: Fields, field: number) => (fields.get(field) ?? []) as readonly Buffer[]
const messages = (fields: Fields, field: number) => bytesOf(fields, field).map(fieldsOf)
const textOf = (fields: Fields, field: number) => bytesOf(fields, field)[0]?.toString() ?? ''
const integerOf = (fields: Fields, field: number) =>
  Number(bytesOf(fields, field)[0]?.readBigUInt64LE() ?? 0)
const doubleOf = (fields: Fields, field: number) =>
  bytesOf(fields, field)[0]?.readDoubleLE() ?? Number.NaN
const timeOf = (fields: Fields, field: number) => integerOf(fields, field) / 1e6

/** Repeated numbers of 8 bytes come in one field. */
const packed = (fields: Fields, field: number, read: (bytes: Buffer, at: number) => number) =>
  bytesOf(fields, field).flatMap((bytes) =>
    Array.from({ length: bytes.length / 8 }, (_, n) => read(bytes, n * 8)),
  )

/** Reads a list of attributes, whose values are texts or numbers. */
function labelsOf(fields: Fields, field: number): Labels {
  return Object.fromEntries(
    messages(fields, field).map((attribute) => {
      const [value] = messages(attribute, 2)
      return [textOf(attribute, 1), textOf(value!, 1) || String(value!.get(3)?.[0])]
    }),
  )
}

/** Reads an `ExportMetricsServiceRequest`; the numbers are those of `opentelemetry/proto/metrics/v1/metrics.proto`. */
function decodeMetrics(bytes: Buffer): Pick<Received, 'resource' | 'metrics'> {
  const [all] = messages(fieldsOf(bytes), 1)
  const metrics = messages(all!, 2).flatMap((scope) => messages(scope, 2))
  return {
    resource: labelsOf(messages(all!, 1)[0]!, 1),
    metrics: new Map(metrics.map((metric) => [textOf(metric, 1), decodeMetric(metric)])),
  }
}

function decodeMetric(metric: Fields): ReceivedMetric {
  const help = textOf(metric, 2)
  const [histogram] = messages(metric, 9)
  const span = (point: Fields) => ({ startMs: timeOf(point, 2), timeMs: timeOf(point, 3) })
  if (histogram) {
    const points = messages(histogram, 1).map((point) => ({
      ...span(point),
      labels: labelsOf(point, 9),
      value: {
        sum: doubleOf(point, 5),
        count: integerOf(point, 4),
        bounds: packed(point, 7, (bytes, at) => bytes.readDoubleLE(at)),
        counts: packed(point, 6, (bytes, at) => Number(bytes.readBigUInt64LE(at))),
      },
    }))
    return { help, kind: 'histogram', points }
  }
  const [sum] = messages(metric, 7)
  const points = messages(sum ?? messages(metric, 5)[0]!, 1).map((point) => ({
    ...span(point),
    labels: labelsOf(point, 7),
    value: doubleOf(point, 4),
  }))
  return { help, kind: sum ? 'counter' : 'gauge', points }
}
