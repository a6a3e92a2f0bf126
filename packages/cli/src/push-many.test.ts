import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import sharp from 'sharp'
import { EFFORT_FACTOR } from '../../../test/support/effort.ts'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { pngChunk, withPngChunks } from '../../../test/support/png.ts'
import { residentBytes } from '../../../test/support/resident-memory.ts'
import { RunningCommand } from '../../../test/support/run-command.ts'

const COUNT = EFFORT_FACTOR > 1 ? 10_000 : 1_000
const TENTH_COUNT = COUNT / 10
/** Growth from the third tenth to the last that fragmentation may explain. */
const MAX_GROWTH_FACTOR = 1.1

test(`K70: push sends ${COUNT} files at constant memory`, async (t) => {
  const server = await InProcessServer.open({}, 1)
  t.after(() => server.close())
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-push-'))
  t.after(() => rm(folder, { recursive: true }))
  const png = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'teal' } })
    .png()
    .toBuffer()
  for (let i = 0; i < COUNT; i++)
    await writeFile(
      join(folder, `${i}.png`),
      withPngChunks(png, pngChunk('tEXt', Buffer.from(`Comment\0${i}`))),
    )
  const address = `${server.url}/b/${await server.newBoard()}`
  // Without a bound the heap is let grow before it is collected, and the test would measure that.
  const env = { NODE_OPTIONS: '--max-old-space-size=40 --max-semi-space-size=1' }
  const push = new RunningCommand(['push', folder, '--json', '--url', address], env)
  const megabytesByTenth: number[] = []
  let sentCount = 0
  for await (const _line of createInterface({ input: push.child.stdout! }))
    if (++sentCount % TENTH_COUNT === 0)
      megabytesByTenth.push(Math.round(residentBytes(push.child.pid!) / 2 ** 20))
  const { code, err } = await push.end()
  assert.equal(code, 0, err)
  assert.equal(sentCount, COUNT)
  t.diagnostic(`MB after each tenth: ${megabytesByTenth.join(', ')}`)
  const [early, last] = [megabytesByTenth[2]!, megabytesByTenth[9]!]
  assert.ok(last <= early * MAX_GROWTH_FACTOR, `it grows from ${early} to ${last} MB`)
})
