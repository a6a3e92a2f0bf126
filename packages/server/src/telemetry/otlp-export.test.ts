import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { pino } from 'pino'
import { Counter, Histogram } from 'prom-client'
import { OtlpReceiver } from '../../support/otlp-receiver.ts'
import { serverConfig } from '../../support/server-config.ts'
import { compose } from '../compose.ts'
import { Metrics } from '../metrics.ts'
import { startExport } from './start-export.ts'

const INTERVAL_MS = 50

/** The packages of OpenTelemetry that were asked for. */
const loaded: string[] = []
let areMissing = false
const hooks = registerHooks({
  resolve(specifier, context, nextResolve) {
    if (!specifier.startsWith('@opentelemetry/')) return nextResolve(specifier, context)
    loaded.push(specifier)
    // From a folder that has no packages.
    return areMissing
      ? nextResolve(specifier, { ...context, parentURL: 'file:///nowhere/main.js' })
      : nextResolve(specifier, context)
  },
})

function setEnv(t: TestContext, env: NodeJS.ProcessEnv): void {
  const before = { ...process.env }
  Object.assign(process.env, env)
  t.after(() => {
    for (const name of Object.keys(env)) delete process.env[name]
    Object.assign(process.env, before)
  })
}

async function emptyFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-otlp-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Starts the export alone, with measurements of its own. */
async function startWith(t: TestContext, receiver: OtlpReceiver, env: NodeJS.ProcessEnv = {}) {
  setEnv(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_METRIC_EXPORT_INTERVAL: String(INTERVAL_MS),
    ...env,
  })
  const lines = new PassThrough({ encoding: 'utf8' })
  const stack = new AsyncDisposableStack()
  t.after(async () => {
    await stack.disposeAsync()
    receiver.close()
  })
  const metrics = new Metrics()
  const log = pino({ level: 'warn' }, lines)
  await startExport({ data: await emptyFolder(t), metrics, log }, stack)
  return { metrics, lines, stack }
}

test('E109: a server that is told of no collector loads nothing of OpenTelemetry', async (t) => {
  await using stack = new AsyncDisposableStack()
  const config = serverConfig(await emptyFolder(t))
  await compose(config, pino({ level: 'silent' }), stack)
  assert.deepEqual(loaded, [])
})

test('E114: where the packages are missing, the log says what to install', async (t) => {
  areMissing = true
  const { lines } = await startWith(t, await OtlpReceiver.open())
  areMissing = false
  assert.match(String(lines.read()), /npm install @opentelemetry\/api /)
})

test('E110: a collector gets all measurements under the names of /metrics, at each interval', async (t) => {
  const receiver = await OtlpReceiver.open()
  const { metrics } = await startWith(t, receiver)
  assert.notDeepEqual(loaded, [])
  metrics.viewers.set(3)
  metrics.seen.observe(0.07)
  metrics.seen.observe(0.07)
  metrics.seen.observe(99)
  const registers = [metrics.registry]
  const labelNames = ['kind'] as const
  new Counter({ name: 'counted', help: 'Counted.', labelNames, registers }).inc({ kind: 'a' }, 2)
  const timed = new Histogram({ name: 'timed', help: '-', labelNames, registers, buckets: [1, 2] })
  timed.observe({ kind: 'a' }, 1.5)
  timed.observe({ kind: 'b' }, 0.5)
  const first = await receiver.next()
  const second = await receiver.next()
  assert.equal(first.url, '/v1/metrics')
  assert.equal(first.headers['content-type'], 'application/x-protobuf')
  assert.deepEqual(
    [...second.metrics.keys()].toSorted(),
    metrics.registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .toSorted(),
  )
  const viewers = second.metrics.get('wirephoto_viewers')!
  assert.deepEqual([viewers.kind, viewers.help], ['gauge', 'Open pages.'])
  const [point] = viewers.points
  assert.equal(point!.value, 3)
  const { startMs, timeMs } = point!
  assert.ok(startMs < timeMs && Math.abs(Date.now() - timeMs) < 60_000, `${startMs} ${timeMs}`)
  const [seen] = second.metrics.get('wirephoto_seen_seconds')!.points
  assert.deepEqual(seen!.value, {
    sum: 0.07 + 0.07 + 99,
    count: 3,
    bounds: [0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30, 60],
    counts: [0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  })
  const counted = second.metrics.get('counted')!
  assert.equal(counted.kind, 'counter')
  assert.deepEqual(
    counted.points.map(({ labels, value }) => ({ labels, value })),
    [{ labels: { kind: 'a' }, value: 2 }],
  )
  assert.deepEqual(
    second.metrics.get('timed')!.points.map(({ labels, value }) => ({ labels, value })),
    [
      { labels: { kind: 'a' }, value: { sum: 1.5, count: 1, bounds: [1, 2], counts: [0, 1, 0] } },
      { labels: { kind: 'b' }, value: { sum: 0.5, count: 1, bounds: [1, 2], counts: [1, 0, 0] } },
    ],
  )
})

test('E111: they name the service and the server, as the environment says', async (t) => {
  const receiver = await OtlpReceiver.open()
  const { stack } = await startWith(t, receiver)
  const { resource } = await receiver.next()
  assert.equal(resource['service.name'], 'wirephoto')
  assert.equal(resource['host.name'], hostname())
  assert.match(resource['service.instance.id']!, /^[0-9a-f]{16}$/)
  await stack.disposeAsync()
  await startWith(t, receiver, {
    OTEL_SERVICE_NAME: 'pictures',
    OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=first,deployment.environment=hall',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc',
  })
  const named = await receiver.next()
  assert.equal(named.resource['service.name'], 'pictures')
  assert.equal(named.resource['service.instance.id'], 'first')
  assert.equal(named.resource['deployment.environment'], 'hall')
  assert.equal(named.headers.authorization, 'Bearer abc')
})

test('E112: a collector that ends no answer gets one request at a time, is said, and no end waits for it', async (t) => {
  const receiver = await OtlpReceiver.open()
  receiver.answer = 'endless'
  const { lines, stack } = await startWith(t, receiver, { OTEL_EXPORTER_OTLP_TIMEOUT: '300' })
  await once(lines, 'readable')
  assert.match(String(lines.read()), /It has not answered within 300 ms/)
  assert.equal(receiver.requestCount, 1)
  const before = performance.now()
  await stack.disposeAsync()
  assert.ok(performance.now() - before < 200)
})

test('E113: a collector that refuses is said once, and again only after it has taken some', async (t) => {
  const receiver = await OtlpReceiver.open()
  receiver.answer = 400
  const { lines } = await startWith(t, receiver)
  await once(lines, 'readable')
  assert.match(String(lines.read()), /Bad Request.*takes no measurements/)
  for (let n = 0; n < 3; n++) await receiver.next()
  assert.equal(lines.read(), null)
  receiver.answer = 200
  for (let n = 0; n < 2; n++) await receiver.next()
  receiver.answer = 400
  await once(lines, 'readable')
  assert.match(String(lines.read()), /Bad Request/)
})

test('E113: an address that is none is one sentence', async (t) => {
  const receiver = await OtlpReceiver.open()
  const { lines } = await startWith(t, receiver, { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' })
  assert.match(String(lines.read()), /is no address as/)
  hooks.deregister()
})
