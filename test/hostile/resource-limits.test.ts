import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ImageRecord, Snapshot } from '@wirephoto/board'
import sharp from 'sharp'
import { residentBytes } from '../support/resident-memory.ts'
import { ServerProcess } from '../support/server-process.ts'

const MEGABYTE_BYTES = 1_000_000

let folder: string
/** About 4 MB. */
let picture: Buffer<ArrayBuffer>
let small: Buffer<ArrayBuffer>

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-limits-'))
  const raw = { width: 1200, height: 1100, channels: 3 } as const
  picture = await sharp(randomBytes(1200 * 1100 * 3), { raw })
    .png()
    .toBuffer()
  const create = { width: 9, height: 9, channels: 3, background: '#fff' } as const
  small = Buffer.from(await sharp({ create }).jpeg().toBuffer())
})
after(() => rm(folder, { recursive: true, force: true }))

test("memory does not grow with the file's size", async (t) => {
  if (process.platform !== 'linux') return t.skip('reads /proc')
  const server = await ServerProcess.open({ args: ['--max-upload', '400MB'] })
  try {
    // A valid picture with a long tail, which viewers ignore.
    const send = (length: number) => {
      async function* body() {
        yield small
        const tail = new Uint8Array(65_536)
        for (let sent = 0; sent < length; sent += tail.length) yield tail
      }
      const init = { method: 'PUT', body: body(), duplex: 'half' }
      return fetch(`${server.url}/long.jpg`, init as unknown as RequestInit)
    }
    assert.equal((await send(5 * MEGABYTE_BYTES)).status, 201)
    const before = residentBytes(server.pid)
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, residentBytes(server.pid))
    }, 20)
    const response = await send(250 * MEGABYTE_BYTES)
    clearInterval(watch)
    assert.equal(response.status, 201)
    const { bytes } = (await response.json()) as ImageRecord
    assert.ok(bytes! >= 250 * MEGABYTE_BYTES)
    t.diagnostic(`${Math.round((most - before) / MEGABYTE_BYTES)} MB more for a picture of 250 MB`)
    assert.ok(most - before < 120 * MEGABYTE_BYTES)
  } finally {
    await server.close()
  }
})

test('U6, U12: a full disk is answered disk-full, and nothing half-stored stays', async (t) => {
  const data = await mkdtemp(join(folder, 'disk-'))
  try {
    runQuietly('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', data)
  } catch {
    return t.skip('this user may mount nothing')
  }
  const server = await ServerProcess.open({ data })
  try {
    const filler = join(data, 'filler')
    const before = await storedState(server)
    const { bavail, bsize } = await statfs(data)
    await writeFile(filler, Buffer.alloc(bavail * bsize - 2 * MEGABYTE_BYTES))
    for (const body of [picture, streamBody(picture)]) {
      const response = await putPicture(server, body)
      const { error } = (await response.json()) as { error: { code: string; message: string } }
      assert.deepEqual([response.status, error.code], [507, 'disk-full'])
      assert.equal(error.message, 'The server has no room left. Tell whoever runs it.')
    }
    assert.deepEqual(await storedState(server), before)
    assert.equal((await putPicture(server, small)).status, 201)
    await rm(filler)
    assert.equal((await putPicture(server, picture)).status, 201)
  } finally {
    await server.close()
    runQuietly('umount', data)
  }
})

test("U6: so is a file that exceeds the disk's limit", async (t) => {
  if (process.platform === 'win32') return t.skip('needs ulimit')
  const data = await mkdtemp(join(folder, 'ulimit-'))
  const limited = join(folder, 'limited.sh')
  await writeFile(limited, `ulimit -f 2000\nexec "$@"\n`)
  const server = await ServerProcess.open({ data, wrapper: ['sh', limited] })
  try {
    const before = await storedState(server)
    for (const body of [picture, streamBody(picture)])
      assert.equal((await putPicture(server, body)).status, 507)
    assert.deepEqual(await storedState(server), before)
    assert.equal((await putPicture(server, small)).status, 201)
  } finally {
    await server.close()
  }
})

const runQuietly = (command: string, ...args: string[]): void => {
  execFileSync(command, args, { stdio: 'ignore' })
}

type Body = NonNullable<RequestInit['body']>

/** Yields a body of unknown length. */
async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let i = 0; i < bytes.length; i += 65_536) yield bytes.subarray(i, i + 65_536)
}
const streamBody = (bytes: Buffer): Body => chunks(bytes) as unknown as Body

const putPicture = (server: ServerProcess, body: Body): Promise<Response> =>
  fetch(`${server.url}/p.png`, { method: 'PUT', body, duplex: 'half' } as RequestInit)

/** Returns everything that is stored or uploading. */
async function storedState(server: ServerProcess): Promise<unknown> {
  const snapshot = await fetch(`${server.url}/api/boards/main/snapshot`)
  const files = async (name: string) =>
    (await readdir(join(server.data, name), { recursive: true })).filter((file) =>
      /\w{32}/.test(file),
    )
  // A picture may have been announced before it failed, so the cursor may have moved on.
  const { records } = (await snapshot.json()) as Snapshot
  return [records, await files('arrivals'), await files('blobs')]
}
