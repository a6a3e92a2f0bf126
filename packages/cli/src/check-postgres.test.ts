import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ImageRecord } from '@wirephoto/board'
import { openEngine } from '@wirephoto/engine'
import sharp from 'sharp'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { findPostgres, NO_POSTGRES, Postgres } from '../../../test/support/postgres.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))
const [programs] = await findPostgres()

/** `wirephoto check`, to its end. */
function check(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, 'check', ...args], (_error, out, err) =>
      resolve({ out, err, code: child.exitCode ?? -1 }),
    )
  })
}

const PAGE_BYTES = 8_192

describe('a check of PostgreSQL', { skip: programs ? false : NO_POSTGRES }, () => {
  let postgres: Postgres
  let url: string
  let server: InProcessServer
  before(async () => {
    postgres = await Postgres.open(programs!)
    url = await postgres.newDatabase()
    server = await InProcessServer.open({ engine: url })
  })
  after(async () => {
    await server.close()
    await postgres.close()
  })

  test('C29: a file on a page that can not be read is rotten, is healed, and can be removed', async (t) => {
    const small = await drawNoise(250)
    const large = await drawNoise(330)
    const { blob } = await send(small)
    await send(large)
    // Bytes are stored in the order in which they came, so each picture has one of these pages.
    await damagePages(postgres, url, [5, 45])
    const { out, code } = await check(url)
    assert.deepEqual([code, out.match(/its file is rotten/g)?.length], [1, 2], out)
    assert.match(out, / 0 missing, 2 rotten, 0 smaller versions missing, 0 rotten, 0 unnamed/)

    const engine = await openEngine(url)
    t.after(() => engine.close())
    const removed = engine.blobs.remove(blob!, { unlessTouchedSince: Date.now() + 1_000 })
    assert.equal(await removed, true)
    assert.equal(await engine.blobs.stat(blob!), null)
    await send(large)
    assert.match((await check(url)).out, / 1 missing, 0 rotten/)
    await send(small)
    const healed = await check(url)
    assert.equal(healed.code, 0, healed.out)
  })

  test('C28: a check that breaks off says why, with exit code 2 and a whole document', async () => {
    await postgres.query('ALTER TABLE chunks RENAME TO lost', url)
    const { out, err, code } = await check(url, '--json')
    await postgres.query('ALTER TABLE lost RENAME TO chunks', url)
    assert.equal(code, 2)
    assert.match(err, /^The check broke off: relation "chunks" does not exist\n$/)
    assert.deepEqual(JSON.parse(out), { findings: [], error: err.trimEnd() })
  })

  async function send(png: Buffer): Promise<ImageRecord> {
    const answer = await fetch(`${server.url}/noise.png`, {
      method: 'PUT',
      body: new Uint8Array(png),
    })
    assert.equal(answer.status, 201, await answer.clone().text())
    return (await answer.json()) as ImageRecord
  }
})

/** Draws a picture that can't be compressed: three bytes a pixel. */
const drawNoise = (side: number): Promise<Buffer> =>
  sharp(randomBytes(side * side * 3), { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer()

/** Overwrites some bytes on pages of the stored bytes, as a failing disk would. PostgreSQL has checksums. */
async function damagePages(
  postgres: Postgres,
  url: string,
  pages: readonly number[],
): Promise<void> {
  const located =
    "SELECT pg_relation_filepath(reltoastrelid) AS path FROM pg_class WHERE relname = 'chunks'"
  const [found] = await postgres.query(located, url)
  await postgres.query('CHECKPOINT')
  await postgres.stop()
  const file = await open(join(postgres.folder, 'data', String(found!['path'])), 'r+')
  for (const page of pages) await file.write('a bad sector', page * PAGE_BYTES + PAGE_BYTES / 2)
  await file.close()
  await postgres.start()
}
