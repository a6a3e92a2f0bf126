import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import sharp from 'sharp'
import { ServerProcess } from '../support/server-process.ts'

/** Descriptors that are left to the server: enough for a request and its file, and too few for a process. */
const LEFT_DESCRIPTORS_COUNT = 4

const picture = (side: number) =>
  sharp({ create: { width: side, height: side, channels: 3, background: '#284' } })
    .png()
    .toBuffer()

/** Bounds the descriptors of a running process; null for no bound below the machine's. */
function boundDescriptors(pid: number, left: number | null): void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number))
  let limit = left === null ? 1_024 : 0
  for (let free = 0; left !== null && free < left; limit++) if (!open.has(limit)) free++
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:`])
}

test('E1, E4, E6: without descriptors pictures are `busy`, and stored as soon as there are some', async (t) => {
  if (process.platform !== 'linux')
    return t.skip('descriptors are bounded from outside on Linux only')
  const server = await ServerProcess.open()
  t.after(() => server.close())
  const put = async (bytes: Buffer) =>
    fetch(`${server.url}/p.png`, { method: 'PUT', body: new Uint8Array(bytes) }).then(
      async (answer) => `${answer.status} ${answer.ok ? '' : await answer.text()}`,
      () => 'no connection',
    )
  boundDescriptors(server.pid, LEFT_DESCRIPTORS_COUNT)
  const outcomes = await Promise.all([20, 30, 40].map(async (side) => put(await picture(side))))
  t.diagnostic(JSON.stringify(outcomes.map((outcome) => outcome.slice(0, 40))))
  for (const outcome of outcomes) assert.match(outcome, /^(?:503|no connection)/)
  assert.ok(outcomes.some((outcome) => outcome.includes('busy')))
  // Not even a connection can be accepted.
  boundDescriptors(server.pid, 0)
  for (let i = 0; i < 4; i++) assert.match(await put(await picture(50)), /^(?:503|no connection)/)
  boundDescriptors(server.pid, null)
  while (!(await put(await picture(40))).startsWith('201')) await setTimeout(200)
})
