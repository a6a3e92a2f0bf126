import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { prepareAbuses } from '../../bench/fairness.ts'
import { EFFORT_FACTOR } from '../support/effort.ts'
import { drawPicture, withUniqueBytes } from '../support/pictures.ts'
import { residentBytes } from '../support/resident-memory.ts'
import { ServerProcess } from '../support/server-process.ts'

/** `SOAK_S` seconds, else an hour with the effort of `npm run test:long`. */
const DURATION_S = Number(process.env['SOAK_S'] ?? (EFFORT_FACTOR > 1 ? 3_600 : 0))
const SAMPLE_INTERVAL_MS = 2_000
const SETTLE_TIMEOUT_MS = 120_000
/** Growth from the second third to the last that caches and fragmentation may explain. */
const MAX_GROWTH_FACTOR = 1.25
/** Decoders: one for previews, two for validation, one for variants, and those that are being replaced. */
const MAX_PROCESSES_COUNT = 12

interface Usage {
  readonly megabytes: number
  readonly descriptors: number
  readonly processes: number
  readonly spooled: number
}

const skip = DURATION_S > 0 ? false : 'runs for an hour: npm run test:long, or SOAK_S=300'

test(`F6, F7: beside an abuser at each queue for ${DURATION_S} s nothing grows`, {
  skip,
}, async (t) => {
  const server = await ServerProcess.open({ args: ['--log-level', 'error'], openBoardCount: 1 })
  t.after(() => server.close())
  const abuses = await prepareAbuses(server)
  const picture = await drawPicture({ width: 640, height: 480 })
  const before = usageOf(server)
  const stop = new AbortController()
  const abusing = abuses['all of these']!(server.port, stop.signal).catch((error: unknown) => error)
  t.after(() => stop.abort())
  const samples: Usage[] = []
  let stored = 0
  for (const end = performance.now() + DURATION_S * 1_000; performance.now() < end; ) {
    const body = withUniqueBytes(picture)
    const answer = await fetch(`${server.url}/p.jpg`, { method: 'PUT', body })
    await answer.arrayBuffer()
    if (answer.status === 201) stored++
    samples.push(usageOf(server))
    await sleep(SAMPLE_INTERVAL_MS)
  }
  stop.abort()
  await abusing
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200)
  const third = Math.ceil(samples.length / 3)
  // Caches fill in the first third.
  const [middle, last] = [samples.slice(third, -third), samples.slice(-third)]
  for (const what of ['megabytes', 'descriptors', 'processes', 'spooled'] as const) {
    const [early, late] = [
      median(middle.map((each) => each[what])),
      median(last.map((each) => each[what])),
    ]
    const most = Math.max(...samples.map((each) => each[what]))
    t.diagnostic(
      `${what}: ${before[what]} before, ${early} in the second third, ${late} in the last, at most ${most}`,
    )
    assert.ok(late <= early * MAX_GROWTH_FACTOR + 10, `${what} grows from ${early} to ${late}`)
  }
  assert.ok(Math.max(...samples.map(({ processes }) => processes)) <= MAX_PROCESSES_COUNT)
  for (const end = Date.now() + SETTLE_TIMEOUT_MS; ; await sleep(500)) {
    const { descriptors } = usageOf(server)
    if (descriptors <= before.descriptors + 20) break
    assert.ok(Date.now() < end, `${descriptors} descriptors stay of ${before.descriptors}`)
  }
  t.diagnostic(`${stored} honest pictures of ${samples.length} stored`)
  assert.ok(stored > samples.length / 2)
})

function usageOf({ pid, data }: ServerProcess): Usage {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return {
    megabytes: Math.round(residentBytes(pid) / 2 ** 20),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    processes: children === '' ? 0 : children.split(' ').length,
    spooled: readdirSync(join(data, 'arrivals')).length,
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!
