import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

test('cleanup after a test closes all, the last one first, even if one rejects', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-cleanup-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'sample.test.ts')
  const support = resolve(import.meta.dirname, 'support/cleanup.ts')
  await writeFile(
    path,
    `import { test } from 'node:test'
     import { cleanupAfter } from ${JSON.stringify(support)}
     test('it', (t) => {
       const stack = cleanupAfter(t)
       for (const n of [1, 2, 3])
         stack.defer(async () => {
           console.log('closed', n)
           if (n !== 1) throw new Error('not closed')
         })
     })`,
  )
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, [path], { env, encoding: 'utf8' })
  assert.deepEqual(stdout.match(/closed \d/g), ['closed 3', 'closed 2', 'closed 1'])
  assert.equal(status, 1)
})
