import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { closeToOthers } from '@wirephoto/engine'
import sharp from 'sharp'
import { Harness } from '../support/http-harness.ts'

const skip = process.platform === 'win32' && 'Windows has no modes'
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="99" height="9"/></svg>`

/** Lists files and folders that others may read, with their modes. Names that go meanwhile are passed over. */
async function openEntries(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const name of ['', ...(await readdir(folder, { recursive: true }))]) {
    const entry = await stat(join(folder, name)).catch(() => null)
    const expected = entry?.isDirectory() ? 0o700 : 0o600
    const mode = entry && entry.mode & 0o777
    if (mode !== null && mode !== expected) found.push(`${name} ${mode.toString(8)}`)
  }
  return found
}

/** Opens a server that was started with a umask of 0. */
async function openServer(t: TestContext): Promise<Harness> {
  const umask = process.umask(0)
  t.after(() => process.umask(umask))
  const server = await Harness.open()
  t.after(() => server.close())
  return server
}

/** Stores a picture, and looks at the folder all the while. */
async function store(server: Harness, body: Buffer | string): Promise<string[]> {
  const found = new Set<string>()
  let isStored = false
  const looking = (async () => {
    while (!isStored) for (const entry of await openEntries(server.data)) found.add(entry)
  })()
  const answer = await fetch(`${server.url}/b/main/p`, {
    method: 'PUT',
    body: new Uint8Array(Buffer.from(body)),
  })
  assert.equal(answer.status, 201)
  await server.images.variants.whenIdle()
  isStored = true
  await looking
  return [...found]
}

test('J6: whatever the umask, files and folders are for the server alone', { skip }, async (t) => {
  const server = await openServer(t)
  const jpeg = await sharp({ create: { width: 900, height: 700, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer()
  // Both are written by the decoder too: variants, and the drawing of an SVG.
  for (const body of [jpeg, SVG]) assert.deepEqual(await store(server, body), [])
  const id = await server.announce()
  await server.images.intake.begin({ board: 'main', id, name: 'a.png', length: 99 })
  server.images.incomingFiles.keepPreview('main', id, Buffer.of(1), 320)
  await server.images.incomingFiles.savePreviews()
  const names = await readdir(server.data, { recursive: true })
  for (const name of [
    'wirephoto.db',
    'wirephoto.db-wal',
    'lock',
    `arrivals/main.${id}.json`,
    'arrivals/previews',
  ])
    assert.ok(names.includes(name), name)
  assert.deepEqual(await openEntries(server.data), [])
})

test('J7: a folder that others can read is closed to them at the start', { skip }, async (t) => {
  const server = await openServer(t)
  assert.deepEqual(await store(server, SVG), [])
  await server.stop()
  for (const name of ['', ...(await readdir(server.data, { recursive: true }))]) {
    const path = join(server.data, name)
    await chmod(path, (await stat(path)).isDirectory() ? 0o755 : 0o644)
  }
  assert.ok((await openEntries(server.data)).length > 5)
  await server.start()
  assert.deepEqual(await openEntries(server.data), [])
})

test('J7: what else lies in the folder stays as it is, and that is said', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-shared-'))
  t.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'blobs/ab'), { recursive: true })
  await writeFile(join(folder, 'blobs/ab/file'), '')
  await writeFile(join(folder, 'letter.txt'), '')
  for (const name of ['', 'blobs', 'blobs/ab']) await chmod(join(folder, name), 0o755)
  for (const name of ['letter.txt', 'blobs/ab/file']) await chmod(join(folder, name), 0o644)
  assert.match(closeToOthers(folder) ?? '', /holds more than this server's\. .*chmod 700/)
  assert.deepEqual(await openEntries(folder), [' 755', 'letter.txt 644'])
  await rm(join(folder, 'letter.txt'))
  // Files that a server writes now and then are its own too.
  for (const name of ['probe', 'sweep-stopped.json', 'wirephoto.mark'])
    await writeFile(join(folder, name), '')
  assert.equal(closeToOthers(folder), null)
  assert.deepEqual(await openEntries(folder), [])
})
