import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ImageRecord } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { variantKey } from '@wirephoto/server'
import sharp from 'sharp'
import { type Database, databaseProviders } from '../../../test/support/databases.ts'
import { InProcessServer } from '../../../test/support/in-process-server.ts'
import { type StoredBytes, storedBytesOf } from '../../../test/support/stored-bytes.ts'

const BIN = fileURLToPath(new URL('../bin/wirephoto.js', import.meta.url))
const DAY_MS = 86_400_000
const TEST_TIMEOUT_MS = 120_000

interface Findings {
  readonly left: readonly string[]
  readonly mended: readonly string[]
}

/** `wirephoto check`, to its end. */
function check(...args: string[]): Promise<{ out: string; err: string; code: number }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, 'check', ...args], (_error, out, err) =>
      resolve({ out, err, code: child.exitCode ?? -1 }),
    )
  })
}

/** Runs a check for its findings. */
async function findingsOf(...args: string[]): Promise<Findings> {
  const { out, err } = await check(...args, '--json')
  const { findings } = JSON.parse(out) as {
    findings: { kind: string; blob: string; isMended: boolean }[]
  }
  assert.equal(err, '')
  const listed = (isMended: boolean) =>
    findings
      .filter((finding) => finding.isMended === isMended)
      .map(({ kind, blob }) => `${kind} ${blob}`)
      .sort()
  return { left: listed(false), mended: listed(true) }
}

/** Sends a picture, and waits for its variants. */
async function send(server: InProcessServer, png: Buffer): Promise<ImageRecord> {
  const body = new Uint8Array(png)
  const answer = await fetch(`${server.url}/harbour.png`, { method: 'PUT', body })
  assert.equal(answer.status, 201)
  const { id } = (await answer.json()) as ImageRecord
  for (;;) {
    const found = await fetch(`${server.url}/api/boards/main/images/${id}`)
    const record = (await found.json()) as ImageRecord
    if (record.variants) return record
    await setTimeout(20)
  }
}

/** Stores a blob that no record names, as an engine of its own. */
async function putBlob(engine: Engine, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wirephoto-blob-'))
  const sha256 = createHash('sha256').update(text).digest('hex')
  await writeFile(join(folder, 'blob'), text)
  await engine.blobs.put(join(folder, 'blob'), sha256)
  await rm(folder, { recursive: true })
  return sha256
}

const flip = (bytes: Buffer): Buffer => {
  bytes[bytes.length >> 1]! ^= 1
  return bytes
}
const cut = (bytes: Buffer): Buffer => bytes.subarray(0, -1)

const databases = await databaseProviders()
for (const provider of [null, ...databases]) {
  const name = provider?.name ?? 'SQLite'
  if (provider?.skipReason) test(`a check of ${name}`, { skip: provider.skipReason })
  else describe(`a check of ${name}`, () => checks(provider ? () => provider.open() : null))
}

/** Declares the tests of one engine. A shared database is checked while a server runs on it. */
function checks(openDatabase: (() => Promise<Database>) | null): void {
  let database: Database | null = null
  let server: InProcessServer
  let url: string
  let stored: StoredBytes
  const pictures: { record: ImageRecord; png: Buffer }[] = []

  before(async () => {
    database = openDatabase && (await openDatabase())
    server = await InProcessServer.open(database ? { engine: await database.newUrl() } : {})
    url = server.engineUrl
    stored = storedBytesOf(url)
    for (let n = 0; n < 7; n++) {
      const background = { r: n * 30, g: 90, b: 40 }
      const png = await sharp({ create: { width: 700, height: 500, channels: 3, background } })
        .png()
        .toBuffer()
      pictures.push({ png, record: await send(server, png) })
    }
    if (!database) await server.stop()
  })
  after(async () => {
    if (!database) await server.start()
    await server.close()
    await database?.close()
  })

  /** Does something with an engine beside the server's. */
  const withEngine = async <T>(body: (engine: Engine) => Promise<T>): Promise<T> => {
    const engine = await openEngine(url)
    try {
      return await body(engine)
    } finally {
      await engine.close()
    }
  }
  /** Does something while the server runs. */
  const whileServed = async <T>(body: () => Promise<T>): Promise<T> => {
    if (database) return body()
    await server.start()
    try {
      return await body()
    } finally {
      await server.stop()
    }
  }

  test('C22, C27: all is sound at first, what lies aside and what only history names too', async () => {
    const { blob } = pictures[6]!.record
    const frame = await withEngine(async (engine) => {
      await engine.blobs.setAside(blob!, { unlessTouchedSince: Date.now() + 1_000 })
      const frame = await putBlob(engine, 'frame')
      const entry = { at: Date.now(), kind: 'frame', subject: 'lamp', data: '{}' } as const
      await engine.history.append('main', [{ ...entry, blob: frame }])
      return frame
    })
    await stored.age(frame, Date.now() - DAY_MS)
    const { out, err, code } = await check(url)
    assert.deepEqual([code, err], [0, ''], out)
    const none = /: 0 missing, 0 rotten, 0 smaller versions missing, 0 rotten, 0 unnamed/
    assert.match(out, none)
  })

  test('C22, C23, C26: it finds all that is missing, rotten and unnamed, and mends variants alone', {
    timeout: TEST_TIMEOUT_MS,
  }, async () => {
    const blobs = pictures.map(({ record }) => record.blob!)
    const [flipped, shortened, lost, lesser, gone, both] = blobs as [string, ...string[]]
    await stored.damage(flipped, flip)
    await stored.damage(shortened!, cut)
    await stored.lose(lost!)
    await stored.damage(variantKey(lesser!, 320), flip)
    await stored.damage(variantKey(lesser!, 64), cut)
    await stored.lose(variantKey(gone!, 64))
    await stored.damage(both!, flip)
    await stored.lose(variantKey(both!, 320))
    const [stray, fresh, ended] = await withEngine(async (engine) => {
      const texts = ['stray', 'fresh', 'ended']
      const put = await Promise.all(texts.map((text) => putBlob(engine, text)))
      await engine.endedBlobs.note([put[2]!])
      return put
    })
    await stored.age(stray!, Date.now() - DAY_MS)
    await stored.age(ended!, Date.now() - DAY_MS)
    assert.ok(fresh)

    const unmendable = [
      `missing ${lost}`,
      `rotten ${both}`,
      `rotten ${flipped}`,
      `rotten ${shortened}`,
      `unnamed ${stray}`,
      `variant-missing ${variantKey(both!, 320)}`,
    ].sort()
    const mendable = [
      `variant-missing ${variantKey(gone!, 64)}`,
      `variant-rotten ${variantKey(lesser!, 320)}`,
      `variant-rotten ${variantKey(lesser!, 64)}`,
    ].sort()
    assert.deepEqual(await findingsOf(url), {
      left: [...unmendable, ...mendable].sort(),
      mended: [],
    })
    assert.deepEqual(await findingsOf(url, '--mend'), { left: unmendable, mended: mendable })
    const text = await check(url, '--mend')
    assert.equal(text.code, 1)
    assert.match(
      text.out,
      /"harbour\.png" \(main\/[0-9a-f-]+\): its file is gone; send the picture/,
    )
    assert.match(text.out, /a smaller version can't be made again; send the picture again/)
    assert.match(text.out, / 1 missing, 3 rotten, 1 smaller versions missing, 0 rotten, 1 unnamed/)
    await withEngine(async ({ blobs }) => {
      const bytes = await Array.fromAsync(await blobs.get(variantKey(gone!, 64)))
      assert.equal((await sharp(Buffer.concat(bytes)).metadata()).width, 64)
    })

    await whileServed(async () => {
      for (const { png, record } of pictures) {
        await send(server, png)
        const address = `${server.url}/b/main/blob/${record.blob}/original`
        assert.deepEqual(Buffer.from(await (await fetch(address)).arrayBuffer()), png)
      }
    })
    // A server that runs makes the last variant again by itself.
    const left = (await findingsOf(url)).left.filter((finding) => !finding.startsWith('variant'))
    assert.deepEqual(left, [`unnamed ${stray}`])
  })

  test('C25: an address without boards is refused, and nothing is made there', async () => {
    const empty = database ? await database.newUrl() : `sqlite:${server.data}/typo`
    const { out, err, code } = await check(empty)
    assert.deepEqual([out, code], ['', 2])
    assert.match(err, /^The (?:folder|database) .+ has no boards; name the one that the server/)
    const opening = openEngine(empty, { inspects: true })
    await assert.rejects(opening, { name: 'EngineError', code: 'no-boards' })
  })

  test('C24: many files without a picture are told as a sign of a lost database', async () => {
    await withEngine(async (engine) => {
      for (let n = 0; n < 11; n++) await putBlob(engine, `lost ${n}`)
    })
    for (let n = 0; n < 11; n++) {
      const sha256 = createHash('sha256').update(`lost ${n}`).digest('hex')
      await stored.age(sha256, Date.now() - DAY_MS)
    }
    assert.match((await check(url)).out, /was the database lost, or an older one put back\? Then/)
  })
}

test('C22: mistakes are one sentence, and exit code 2', async (t) => {
  const server = await InProcessServer.open()
  t.after(() => server.close())
  const cases: [string[], RegExp][] = [
    [[], /^Missing required argument 'engine'; see wirephoto check --help/],
    [['mysql://somewhere'], /^There is no engine "mysql:\/\/somewhere"; use sqlite:/],
    [[server.engineUrl], /^Another server uses the folder/],
  ]
  for (const [args, sentence] of cases) {
    const { out, err, code } = await check(...args)
    assert.deepEqual([args, out, code], [args, '', 2])
    assert.match(err, sentence)
  }
})

test('C24, C28: a check tells of an older database that was put back, if somebody reads it', async (t) => {
  const server = await InProcessServer.open()
  t.after(async () => {
    await server.start()
    await server.close()
  })
  const path = join(server.data, 'wirephoto.db')
  await server.stop()
  await copyFile(path, `${path}.kept`)
  await server.start()
  await server.newBoard()
  await server.stop()
  await rename(`${path}.kept`, path)
  const unread = execFile(process.execPath, [BIN, 'check', server.engineUrl])
  unread.stdout!.destroy()
  let err = ''
  unread.stderr!.on('data', (text: string) => {
    err += text
  })
  await once(unread, 'close')
  assert.deepEqual([unread.exitCode, err], [2, ''], 'nobody reads what it finds')
  const { out, code } = await check(server.engineUrl)
  assert.match(out, /lacks the last \d+ writes that were saved.* Put the newer one back/)
  assert.equal(code, 1)
})
