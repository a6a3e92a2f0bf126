import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { runPool } from './support/pool.ts'

const SEVEN = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** Opens a pool of three to five, whose items end when the test says so. */
function openPool(t: TestContext, items: readonly string[]) {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const running = new Map<string, PromiseWithResolvers<void>>()
  const begun: string[] = []
  const pool = { idle: 0 }
  const done = runPool(
    items,
    (item) => {
      begun.push(item)
      running.set(item, Promise.withResolvers())
      return running.get(item)!.promise.finally(() => running.delete(item))
    },
    { least: 3, most: 5, readIdle: () => pool.idle },
  )
  const end = async (item: string) => {
    running.get(item)!.resolve()
    // Until the pool has heard of it.
    await new Promise(setImmediate)
  }
  const passSecond = (idle: number) => {
    pool.idle = idle
    t.mock.timers.tick(1_000)
  }
  return { begun, running, end, passSecond, done }
}

test('three files run at a time on a busy machine, in their order', async (t) => {
  const { begun, running, end, passSecond, done } = openPool(t, ['a', 'b', 'c', 'd', 'e'])
  assert.deepEqual(begun, ['a', 'b', 'c'])
  passSecond(0.1)
  assert.equal(running.size, 3)
  await end('b')
  assert.deepEqual([...running.keys()], ['a', 'c', 'd'])
  for (const item of ['a', 'c', 'd', 'e']) await end(item)
  await done
  assert.deepEqual(begun, ['a', 'b', 'c', 'd', 'e'])
})

test('one more file runs after each second in which cores were idle, and never more than five', async (t) => {
  const { begun, running, end, passSecond, done } = openPool(t, SEVEN)
  passSecond(0.5)
  assert.equal(running.size, 4)
  passSecond(0.2)
  assert.equal(running.size, 4)
  passSecond(0.3)
  passSecond(1)
  assert.equal(running.size, 5)
  await end('a')
  assert.equal(running.size, 4, 'the next one waits for idle cores')
  for (const item of SEVEN.slice(1)) await end(item)
  await done
  assert.deepEqual(begun, SEVEN)
})

test('a pool of none ends at once', () => runPool([], () => assert.fail(), { least: 3, most: 5 }))

test('a file that crashes fails alone, and the run says so', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-run-'))
  t.after(() => rm(folder, { recursive: true }))
  const bodies = {
    sound: 'assert.ok(true)',
    wrong: "assert.equal(1, 2, 'one is not two')",
    crashed: "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {})",
  }
  const paths = Object.keys(bodies).map((name) => join(folder, `${name}.test.mjs`))
  for (const [i, body] of Object.values(bodies).entries())
    await writeFile(
      paths[i]!,
      `import assert from 'node:assert'; import { test } from 'node:test'
       test('it', async () => { ${body} })`,
    )
  // A runner inside a test would run nothing.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const run = spawn(process.execPath, [resolve(import.meta.dirname, 'run.ts'), ...paths], { env })
  const [said, [code]] = await Promise.all([text(run.stdout), once(run, 'close')])
  assert.match(said, /passed 1\n/)
  assert.match(said, /failed 2\n/)
  assert.match(said, /one is not two/)
  const [, slowest] = said.split('The slowest files:')
  for (const path of paths) assert.ok(slowest!.includes(path), said)
  assert.equal(code, 1)
})
