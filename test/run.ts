/**
 * `npm test` runs every test file; `npm test -- <file> …` runs the named ones.
 * A few browser tests that fail while other tests keep the machine busy run once more, each file alone.
 * `npm run test:long` runs the files that do more with more effort: a hundred times as many rounds.
 */
import { glob } from 'node:fs/promises'
import { enableCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec, type TestEvent } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { LONG_EFFORT_FACTOR } from './support/effort.ts'
import { runPool } from './support/pool.ts'

const ROOT = resolve(import.meta.dirname, '..')
const PATTERNS = ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts']
/** Starting these first keeps all cores busy until the end. */
const SLOWEST_FIRST = ['test/crash/kill.test.ts', 'test/hostile/corpus.test.ts']
/** The files that do more with more effort: rounds, or hosts. */
const LONG_FILES = [
  'packages/cli/src/serve.test.ts',
  'packages/engine/src/postgres/contract.test.ts',
  'packages/engine/src/sqlite/damage.test.ts',
  'packages/engine/src/sqlite/sqlite.test.ts',
  'packages/server/src/http/archives-large.test.ts',
  'packages/server/src/images/metadata/scrubber.test.ts',
  'test/conformance.test.ts',
  'test/crash/kill.test.ts',
  'test/e2e/drop.test.ts',
  'test/e2e/languages.test.ts',
  'test/e2e/wall.test.ts',
  'test/engines/cluster.test.ts',
  'test/engines/equivalence.test.ts',
  'test/faults/system-calls.test.ts',
  'test/fuzz/undo.test.ts',
  'test/hostile/corpus.test.ts',
  'test/hostile/fuzz.test.ts',
  'test/hostile/one-client.test.ts',
  'test/packed/install.test.ts',
  'test/packed/packed.test.ts',
  'test/soak/soak.test.ts',
]
/**
 * The files that only long runs have: two cores can't run everything in 20 minutes. These are slow, and about what
 * seldom changes or happens: other browsers, proxies, servers that are away, rare kinds of files, second views.
 */
const LONG_ONLY_FILES = [
  'packages/cli/src/backup.test.ts',
  'packages/cli/src/check-postgres.test.ts',
  'packages/cli/src/check.test.ts',
  'packages/cli/src/export-boards.test.ts',
  'packages/cli/src/import-folder.test.ts',
  'packages/cli/src/import-follow.test.ts',
  'packages/cli/src/import.test.ts',
  'packages/cli/src/owner-code.test.ts',
  'packages/cli/src/push-many.test.ts',
  'packages/cli/src/watch-live-show.test.ts',
  'packages/engine/src/postgres/postgres.test.ts',
  'packages/engine/src/s3/contract.test.ts',
  'packages/engine/src/postgres/hosts.test.ts',
  'packages/mcp/src/agent.test.ts',
  'packages/server/src/backup/backup.test.ts',
  'packages/server/src/classic/classic-outbox.test.ts',
  'packages/server/src/classic/returning-visitors.test.ts',
  'packages/server/src/classic/stand-ins.test.ts',
  'packages/server/src/http/picture-quotas.test.ts',
  'packages/server/src/images/decoding/alpha.test.ts',
  'packages/server/src/images/decoding/colour.test.ts',
  'packages/server/src/images/decoding/formats.test.ts',
  'packages/server/src/trusted-clock.test.ts',
  'test/crash/garbage.test.ts',
  'test/crash/interrupted-upload.test.ts',
  'test/crash/power-loss.test.ts',
  'test/engines/sweeps.test.ts',
  'test/e2e/answers-between.test.ts',
  'test/e2e/arrange.test.ts',
  'test/e2e/browsers.test.ts',
  'test/e2e/busy-server.test.ts',
  'test/e2e/caddy.test.ts',
  'test/e2e/camera-thumbnail.test.ts',
  'test/e2e/changed-files.test.ts',
  'test/e2e/client-without-websocket.test.ts',
  'test/e2e/connection.test.ts',
  'test/e2e/connections.test.ts',
  'test/e2e/database-away.test.ts',
  'test/e2e/evening.test.ts',
  'test/e2e/extreme-shapes.test.ts',
  'test/e2e/focus.test.ts',
  'test/e2e/from-url.test.ts',
  'test/e2e/hands.test.ts',
  'test/e2e/host.test.ts',
  'test/e2e/image-fidelity.test.ts',
  'test/e2e/incoming-files-page.test.ts',
  'test/e2e/installed-page.test.ts',
  'test/e2e/links.test.ts',
  'test/e2e/nginx.test.ts',
  'test/e2e/other-sites.test.ts',
  'test/e2e/others.test.ts',
  'test/e2e/panels.test.ts',
  'test/e2e/picture-bytes.test.ts',
  'test/e2e/picture-rates.test.ts',
  'test/e2e/picture-retry.test.ts',
  'test/e2e/places.test.ts',
  'test/e2e/presence.test.ts',
  'test/e2e/progressive-jpeg.test.ts',
  'test/e2e/refused-kinds.test.ts',
  'test/e2e/refusing-browsers.test.ts',
  'test/e2e/resolution.test.ts',
  'test/e2e/save.test.ts',
  'test/e2e/seen-first.test.ts',
  'test/e2e/sender.test.ts',
  'test/e2e/server-away.test.ts',
  'test/e2e/shell.test.ts',
  'test/e2e/sign-in.test.ts',
  'test/e2e/svg.test.ts',
  'test/e2e/translation.test.ts',
  'test/e2e/under-path.test.ts',
  'test/e2e/upgrade.test.ts',
  'test/e2e/without-websocket.test.ts',
  'test/engines/backups.test.ts',
  'test/engines/bus.test.ts',
  'test/engines/database-away.test.ts',
  'test/engines/passed-on-uploads.test.ts',
  'test/engines/startup-errors.test.ts',
  'test/engines/two-servers.test.ts',
  'test/faults/decoder-deaths.test.ts',
  'test/fuzz/convergence.test.ts',
  'test/hostile/paced-drop.test.ts',
  'test/looks/looks.test.ts',
  'test/recipes.test.ts',
]
/** One more than the cores of a small machine: most tests wait for a page, a disk or a timer half of their time. */
const CONCURRENT_FILE_COUNT = 3
/** The most files at a time, while cores are idle. */
const MAX_CONCURRENT_FILE_COUNT = 4
const TEST_TIMEOUT_MS = 240_000
const FILE_TIMEOUT_MS = 300_000
const SLOWEST_COUNT = 10
/** More files than ever fail by chance, on a machine that has just been busy. */
const MAX_RETRIED_COUNT = 5

const { values, positionals } = parseArgs({
  options: { long: { type: 'boolean', default: false } },
  allowPositionals: true,
})
// Nearly all files load the same modules, and each worker and process loads them again.
const { directory } = enableCompileCache()
if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] = directory
if (values.long) process.env['EFFORT'] ??= String(LONG_EFFORT_FACTOR)
const stop = new AbortController()
const durationsMs = new Map<string, number>()
process.once('SIGINT', () => abort('interrupted'))
process.once('SIGTERM', () => abort('interrupted'))

const failed = await runFiles(
  await filesToRun(),
  CONCURRENT_FILE_COUNT,
  values.long ? CONCURRENT_FILE_COUNT : MAX_CONCURRENT_FILE_COUNT,
)
const isChance = failed.length <= MAX_RETRIED_COUNT
const isWhole = positionals.length === 0 && !values.long && !stop.signal.aborted
const stillFailed = isWhole && isChance && failed.length > 0 ? await retry(failed) : failed
printSlowest()
if (stillFailed.length > 0) process.exitCode = 1

/** Runs the files, prints what comes of each as it ends, and returns those that failed. */
async function runFiles(files: readonly string[], least: number, most = least): Promise<string[]> {
  const failed = new Set<string>()
  const sums = new Map<string, number>()
  const start = performance.now()
  const report = new PassThrough({ objectMode: true })
  const printed = pipeline(report, new spec(), process.stdout, { end: false })
  const runNext = async (file: string): Promise<void> => {
    for (const event of await runFile(file)) {
      if (event.type === 'test:fail') failed.add(file)
      if (!isOfRun(event)) report.write(event)
      else if (event.type === 'test:summary')
        for (const [what, count] of Object.entries(event.data.counts))
          sums.set(what, (sums.get(what) ?? 0) + count)
    }
  }
  await runPool(files, runNext, { least, most })
  for (const what of ['tests', 'suites', 'passed', 'failed', 'cancelled', 'skipped', 'todo'])
    report.write(diagnostic(`${what} ${sums.get(what) ?? 0}`))
  report.end(diagnostic(`duration_ms ${Math.round(performance.now() - start)}`))
  await printed
  return [...failed]
}

/** Runs a file in a process of its own. Resolves to all that it tells, once it has ended or was ended. */
async function runFile(file: string): Promise<TestEvent[]> {
  const start = performance.now()
  const overtime = new AbortController()
  const isTooLong = () => overtime.abort(new Error(`Took over ${FILE_TIMEOUT_MS / 1000} s`))
  const timer = values.long ? undefined : setTimeout(isTooLong, FILE_TIMEOUT_MS)
  const timeout = values.long ? Number.POSITIVE_INFINITY : TEST_TIMEOUT_MS
  const signal = AbortSignal.any([stop.signal, overtime.signal])
  const events = run({ files: [resolve(ROOT, file)], timeout, signal })
  try {
    return await Array.fromAsync<TestEvent>(events)
  } finally {
    clearTimeout(timer)
    durationsMs.set(file, performance.now() - start)
  }
}

function diagnostic(message: string) {
  return { type: 'test:diagnostic', data: { nesting: 0, message } }
}

/** Whether an event is about a run as a whole, and not about a file or a test of it. */
function isOfRun({ type, data }: TestEvent): boolean {
  const isSummary = type === 'test:summary' || (type === 'test:diagnostic' && data.nesting === 0)
  return isSummary && data.file === undefined
}

/** Runs files that failed beside others once more, each alone, and says so. Returns those that fail again. */
async function retry(files: readonly string[]): Promise<string[]> {
  process.stdout.write(`\nOnce more, each alone: ${files.join(', ')}\n`)
  const again = await runFiles(files, 1)
  const passed = files.filter((file) => !again.includes(file))
  if (passed.length > 0)
    process.stdout.write(`\nFAILED BESIDE OTHERS, PASSED ALONE: ${passed.join(', ')}\n`)
  return again
}

async function filesToRun(): Promise<string[]> {
  if (positionals.length > 0) return positionals
  if (values.long) return [...LONG_FILES, ...LONG_ONLY_FILES]
  const all = await Array.fromAsync(glob(PATTERNS, { cwd: ROOT }))
  const apart = new Set([...SLOWEST_FIRST, ...LONG_ONLY_FILES])
  const rest = all.filter((file) => !apart.has(file)).sort()
  const isShort = (file: string): boolean => file.startsWith('packages/')
  return [...SLOWEST_FIRST, ...rest.filter((file) => !isShort(file)), ...rest.filter(isShort)]
}

/** Ends the run; the files that have not finished are reported as failed. */
function abort(reason: string): void {
  stop.abort(new Error(`The run was ended: ${reason}`))
}

function printSlowest(): void {
  const slowest = [...durationsMs].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_COUNT)
  const lines = slowest.map(([file, ms]) => `${(ms / 1000).toFixed(1).padStart(8)} s  ${file}`)
  process.stdout.write(`\nThe slowest files:\n${lines.join('\n')}\n`)
}
