import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { openEngine } from '../open.ts'

/** Declares the test that another process puts and gets the largest picture with little memory. */
export function largeBlobContract(newUrl: () => string | Promise<string>): void {
  test('a picture of 100 MB goes in and out with flat memory', { timeout: 120_000 }, async (t) => {
    const url = await newUrl()
    const engine = await openEngine(url)
    t.after(() => engine.close())
    // A first blob grows the heap to its usual size.
    const warm = await randomFile(t, 30)
    await engine.blobs.put(warm.path, warm.sha256)
    const { path, sha256 } = await randomFile(t, 100)
    const script = `
      import { createHash } from 'node:crypto'
      import { openEngine } from ${JSON.stringify(import.meta.resolve('@wirephoto/engine'))}
      const [url, path, sha256] = process.argv.slice(1)
      const engine = await openEngine(url)
      const [warm] = await Array.fromAsync(engine.blobs.list())
      for await (const _ of await engine.blobs.get(warm));
      const start = process.memoryUsage.rss()
      let most = start
      setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 5).unref()
      const putAt = performance.now()
      await engine.blobs.put(path, sha256)
      const gotAt = performance.now()
      const hash = createHash('sha256')
      for await (const chunk of await engine.blobs.get(sha256)) hash.update(chunk)
      const times = [gotAt - putAt, performance.now() - gotAt].map(Math.round)
      await engine.close()
      console.log(JSON.stringify({ grown: (most - start) / 1e6, hash: hash.digest('hex'), times }))`
    const child = spawn(
      process.execPath,
      ['--input-type=module', '--eval', script, url, path, sha256],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const { grown, hash, times } = JSON.parse(await text(child.stdout))
    t.diagnostic(`grown by ${Math.round(grown)} MB; put ${times[0]} ms, got ${times[1]} ms`)
    assert.equal(hash, sha256)
    assert.ok(grown < 80, `${grown} MB`)
  })
}

/** Writes a file of random bytes, which is removed after the test. */
export async function randomFile(
  t: TestContext,
  megabytes: number,
): Promise<{ path: string; sha256: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-large-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'picture')
  const bytes = randomBytes(megabytes * 1e6)
  await writeFile(path, bytes)
  return { path, sha256: createHash('sha256').update(bytes).digest('hex') }
}
