import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { COLLECTOR_FAILPOINTS } from '@wirephoto/server'
import { drawPicture } from '../support/pictures.ts'
import { ServerProcess } from '../support/server-process.ts'
import { WireClient } from '../support/wire-client.ts'

const DONE_TIMEOUT_MS = 60_000
const [REMOVED, SET_ASIDE] = COLLECTOR_FAILPOINTS

test('C2: a server that is killed while it removes a purged picture removes the rest later', async (t) => {
  const { server, data } = await opened(t)
  await server.start({ WIREPHOTO_FAILPOINT: `${REMOVED}:2` })
  const body = new Uint8Array(await drawPicture({ width: 640, height: 480 }))
  const { id } = (await (await fetch(`${server.url}/p.jpg`, { method: 'PUT', body })).json()) as {
    id: string
  }
  const client = await WireClient.connect(server.url, 'main')
  t.after(() => client.close())
  await whenSo(async () => (await blobNames(data)).length === 3, 'its variants are there')
  await client.send({ kind: 'image.remove', id })
  const killed = server.waitForExit()
  await client.send({ kind: 'image.purge', id })
  await killed
  const left = await blobNames(data)
  assert.ok(left.length > 0 && left.length < 3, `${left.length} of three files are left`)
  await server.start()
  await whenSo(async () => (await blobNames(data)).length === 0, 'all files are gone')
})

test('C6: a server that is killed while it sets files aside sets the rest aside later, whole', async (t) => {
  const { server, data } = await opened(t)
  const lost = new Map<string, string>()
  for (const text of ['no record', 'names me', 'any more']) {
    const name = createHash('sha256').update(text).digest('hex')
    await mkdir(join(data, 'blobs', name.slice(0, 2)), { recursive: true })
    const path = join(data, 'blobs', name.slice(0, 2), name)
    await writeFile(path, text)
    await utimes(path, 0, 0)
    lost.set(name, text)
  }
  await server.start({ WIREPHOTO_FAILPOINT: `${SET_ASIDE}:1` })
  await server.waitForExit()
  const aside = () => readdir(join(data, 'blobs', 'aside')).catch(() => [])
  assert.equal((await aside()).length, 1)
  assert.deepEqual((await blobNames(data)).sort(), [...lost.keys()].sort())
  await server.start()
  await whenSo(async () => (await aside()).length === lost.size, 'all are aside')
  for (const [name, text] of lost)
    assert.equal(await readFile(join(data, 'blobs', 'aside', name), 'utf8'), text)
  assert.deepEqual((await blobNames(data)).sort(), [...lost.keys()].sort(), 'nowhere else')
})

/** Makes a server that has a folder, and is not running. */
async function opened(t: TestContext): Promise<{ server: ServerProcess; data: string }> {
  const data = await mkdtemp(join(tmpdir(), 'wirephoto-garbage-'))
  t.after(() => rm(data, { recursive: true, maxRetries: 10 }))
  const main = join(import.meta.dirname, 'serve-with-fast-gc.ts')
  const server = await ServerProcess.open({ data, main })
  t.after(() => server.kill())
  await server.kill()
  return { server, data }
}

/** Lists the files that hold pictures, those that lie aside too. A new one has two names. */
async function blobNames(data: string): Promise<string[]> {
  const names = await readdir(join(data, 'blobs'), { recursive: true })
  return [...new Set(names.flatMap((name) => /[0-9a-f]{64}$/.exec(name)?.[0] ?? []))]
}

async function whenSo(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + DONE_TIMEOUT_MS; !(await isSo()); await sleep(50))
    assert.ok(Date.now() < end, `not in time: ${what}`)
}
