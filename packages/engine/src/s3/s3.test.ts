import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { freePort } from '../../../../test/support/free-port.ts'
import { BUCKET, S3Server } from '../../../../test/support/s3.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { nextMillisecond, rejectsWith } from '../contract/samples.ts'
import { EngineError } from '../errors.ts'
import { openEngine } from '../open.ts'
import { openSqlite } from '../sqlite/sqlite.ts'
import { parseS3Address } from './address.ts'
import { Bucket } from './bucket.ts'
import { Strays } from './strays.ts'

const PAUSE_MS = 20
const DAY_MS = 24 * 3_600_000

let s3: S3Server
before(async () => {
  s3 = await S3Server.open()
})
after(() => s3.close())
beforeEach(() => {
  s3.aheadMs = 0
  s3.fate = () => 'passed'
})

/** Opens an engine with its pictures in S3, and makes files for it. */
async function setUp(t: TestContext) {
  const { folder } = await tempFolder(t)
  const url = `sqlite:${folder}/boards?blobs=${s3.blobs}`
  const engine = await openEngine(url)
  t.after(() => engine.close())
  const newFile = async (length: number) => {
    const bytes = randomBytes(length)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const path = join(folder, sha256)
    await writeFile(path, bytes)
    return { bytes, sha256, path }
  }
  return { engine, newFile, folder, url }
}

/** Lists the keys of a blob's objects. */
async function keysOf(sha256: string): Promise<string[]> {
  const listed = await Array.fromAsync(new Bucket(parseS3Address(s3.blobs)).list(''))
  return listed.flatMap(({ key }) => (key.includes(sha256) ? key : []))
}

async function refuses(url: string, code: EngineError['code'], sentence: RegExp): Promise<void> {
  await assert.rejects(openEngine(url), (error: Error) => {
    assert.ok(error instanceof EngineError, String(error.stack))
    assert.equal(error.code, code)
    assert.match(error.message, sentence)
    assert.doesNotMatch(error.message, /S3RVER|wrong-secret/)
    return true
  })
}

test('E41: wrong or missing keys, a bucket that is not there and an S3 that is away are told at the start', async (t) => {
  const { folder } = await tempFolder(t)
  const sqlite = `sqlite:${folder}/boards?blobs=`
  const { AWS_SECRET_ACCESS_KEY: secret, AWS_ACCESS_KEY_ID: id } = process.env
  t.after(() => {
    process.env['AWS_SECRET_ACCESS_KEY'] = secret
    process.env['AWS_ACCESS_KEY_ID'] = id
  })
  process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong-secret'
  await refuses(sqlite + s3.blobs, 'not-allowed', /doesn't accept the keys/)
  process.env['AWS_SECRET_ACCESS_KEY'] = secret
  process.env['AWS_ACCESS_KEY_ID'] = 'nobody'
  await refuses(sqlite + s3.blobs, 'not-allowed', /doesn't accept the keys/)
  delete process.env['AWS_ACCESS_KEY_ID']
  await refuses(sqlite + s3.blobs, 'not-allowed', /keys for S3 are missing/)
  process.env['AWS_ACCESS_KEY_ID'] = id
  const elsewhere = s3.blobs.replace(BUCKET, 'elsewhere')
  await refuses(sqlite + elsewhere, 'unreachable', /has no bucket elsewhere/)
  const away = s3.blobs.replace(s3.endpoint, `http://127.0.0.1:${await freePort()}`)
  await refuses(
    sqlite + away,
    'unreachable',
    /no S3 to be had at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/,
  )
  for (const blobs of [
    's3://',
    's3://UP',
    'ftp://pictures',
    's3://a/b',
    's3://abc?size=1',
    's3://abc?endpoint=x',
  ])
    await refuses(sqlite + blobs, 'unknown-engine', /is no address of a bucket/)
  await (await openEngine(sqlite + encodeURIComponent(s3.blobs))).close()
})

test('E42: an engine whose pictures are in S3 opens with their bucket alone', async (t) => {
  const { engine, url, newFile } = await setUp(t)
  const { path, sha256, bytes } = await newFile(900)
  await engine.blobs.put(path, sha256)
  await engine.close()
  await refuses(url.replace(/\?blobs.*/, ''), 'unusable', /pictures of this engine are in S3/)
  const bucket = new Bucket(parseS3Address(s3.blobs))
  const [key] = await keysOf(sha256)
  await bucket.delete(`${key!.split('/')[0]}/wirephoto`)
  await refuses(url, 'foreign', /doesn't have this engine's pictures/)
  await bucket.putBytes(`${key!.split('/')[0]}/wirephoto`, Buffer.from('copied'))
  const again = await openEngine(url)
  t.after(() => again.close())
  assert.ok((await buffer(await again.blobs.get(sha256))).equals(bytes))
})

test('E43: pictures from before they went to S3 stay where they are', async (t) => {
  const { folder } = await tempFolder(t)
  const url = `sqlite:${folder}/boards`
  const earlier = await openEngine(url)
  const sha256 = createHash('sha256').update('early').digest('hex')
  await writeFile(join(folder, 'early'), 'early')
  await earlier.blobs.put(join(folder, 'early'), sha256)
  await earlier.close()
  const { blobs, close } = await openEngine(`${url}?blobs=${s3.blobs}`)
  t.after(close)
  assert.equal(String(await buffer(await blobs.get(sha256))), 'early')
  assert.equal((await blobs.stat(sha256))?.size, 5)
  assert.equal(await blobs.setAside(sha256, { unlessTouchedSince: await nextMillisecond() }), 5)
  assert.equal(await blobs.remove(sha256, { unlessTouchedSince: Date.now() + 1_000 }), true)
})

test('E44: a large put that breaks in the middle leaves nothing, and goes through when S3 is back', async (t) => {
  const { engine, newFile } = await setUp(t)
  const { path, sha256, bytes } = await newFile(30_000_000)
  s3.requests.length = 0
  s3.fate = (line) => (line.includes('partNumber=3') ? 'cut' : 'passed')
  await rejectsWith(engine.blobs.put(path, sha256), 'away')
  assert.equal(await engine.blobs.has(sha256), false)
  assert.deepEqual(await keysOf(sha256), [])
  const uploadIdIn = (line: string | undefined) => /uploadId=(\w+)/.exec(line ?? '')?.[1]
  const upload = uploadIdIn(s3.requests.find((line) => line.includes('partNumber=1')))
  const aborted = s3.requests.filter((line) => line.startsWith('DELETE')).map(uploadIdIn)
  assert.ok(upload)
  assert.deepEqual(aborted, [upload], 'its parts are removed')

  // One broken connection is tried again at once.
  let cuts = 1
  s3.fate = (line) => (line.includes('partNumber=2') && cuts-- > 0 ? 'cut' : 'passed')
  await engine.blobs.put(path, sha256)
  const range = { start: 20_000_000, end: 20_000_999 }
  const part = await buffer(await engine.blobs.get(sha256, range))
  assert.ok(part.equals(bytes.subarray(range.start, range.end)))
})

test('E48: an answer that breaks goes on where it broke', async (t) => {
  const { engine, newFile } = await setUp(t)
  const { path, sha256, bytes } = await newFile(3_000_000)
  await engine.blobs.put(path, sha256)
  let breaks = 2
  s3.fate = (line) => (line.startsWith('GET') && breaks-- > 0 ? 'cut-answer' : 'passed')
  assert.ok((await buffer(await engine.blobs.get(sha256))).equals(bytes))
  assert.ok(breaks < 1)
})

test('E45: an S3 that is away is `away`, to reader and writer, and is used again when it is back', async (t) => {
  const { engine, newFile } = await setUp(t)
  const [one, other] = [await newFile(5_000), await newFile(5_000)]
  await engine.blobs.put(one.path, one.sha256)
  s3.fate = () => 'cut'
  await rejectsWith(engine.blobs.put(other.path, other.sha256), 'away')
  await rejectsWith(engine.blobs.get(one.sha256), 'away')
  await rejectsWith(engine.blobs.stat(one.sha256), 'away')
  assert.equal(await engine.blobs.has(one.sha256), true, 'the engine knows')
  assert.equal(await engine.blobs.has(other.sha256), false)
  s3.fate = () => 'passed'
  await engine.blobs.put(other.path, other.sha256)
  assert.ok((await buffer(await engine.blobs.get(one.sha256))).equals(one.bytes))
})

test('E46: the sweep takes a blob with its object, also if S3 is away, and never one that was put again', async (t) => {
  const { engine, newFile } = await setUp(t)
  const { path, sha256, bytes } = await newFile(5_000)
  await engine.blobs.put(path, sha256)
  const [first] = await keysOf(sha256)
  s3.fate = (line) => (line.startsWith('DELETE') ? 'cut' : 'passed')
  assert.equal(
    await engine.blobs.remove(sha256, { unlessTouchedSince: await nextMillisecond() }),
    true,
  )
  await rejectsWith(engine.blobs.get(sha256), 'not-found')
  await engine.blobs.put(path, sha256)
  assert.equal((await keysOf(sha256)).length, 2)
  s3.fate = () => 'passed'
  const extra = await newFile(10)
  await engine.blobs.put(extra.path, extra.sha256)
  await engine.blobs.remove(extra.sha256, { unlessTouchedSince: await nextMillisecond() })
  const left = await keysOf(sha256)
  assert.deepEqual(
    [left.length, left.includes(first!)],
    [1, false],
    'the late removal takes the old one',
  )
  assert.ok((await buffer(await engine.blobs.get(sha256))).equals(bytes))
})

test('E118: a start aborts the uploads of earlier processes that are older than a day, however many', async (t) => {
  const { engine, url, newFile, folder } = await setUp(t)
  // A process that is killed leaves its parts: here its last requests get lost.
  s3.fate = (line) => (/partNumber=2|DELETE/.test(line) ? 'cut' : 'passed')
  const files = await Promise.all(Array.from({ length: 4 }, () => newFile(6_000_000)))
  await Promise.all(
    files.map(({ path, sha256 }) => rejectsWith(engine.blobs.put(path, sha256), 'away')),
  )
  s3.fate = () => 'passed'
  const left = () =>
    [...s3.uploads.values()].filter(({ key }) => files.some(({ sha256 }) => key.includes(sha256)))
  assert.equal(left().length, 4)
  await engine.close()
  // An engine that closes waits for the aborts.
  const startAgain = async () => (await openEngine(url)).close()
  await startAgain()
  assert.equal(left().length, 4, 'they may be on their way')
  s3.aheadMs = 2 * DAY_MS
  // Another engine in the bucket leaves them too.
  await (await openEngine(`sqlite:${folder}/other?blobs=${s3.blobs}`)).close()
  assert.equal(left().length, 4)
  await startAgain()
  assert.deepEqual(left(), [])
})

test('E119: a start removes objects without a name that are older than a week, unless they are many', async (t) => {
  const { engine, url, newFile } = await setUp(t)
  const { path, sha256, bytes } = await newFile(900)
  await engine.blobs.put(path, sha256)
  const [key] = await keysOf(sha256)
  await engine.close()
  const bucket = new Bucket(parseS3Address(s3.blobs))
  const prefix = key!.split('/')[0]!
  /** Leaves so many objects, as crashes between an upload and its pointer do. */
  const leave = async (count: number) => {
    const names = Array.from(
      { length: count },
      () => `${prefix}/${randomBytes(32).toString('hex')}.1`,
    )
    for (const name of names) await bucket.putBytes(name, Buffer.from('stray'))
  }
  const strayKeys = async () => {
    const keys = await Array.fromAsync(bucket.list(`${prefix}/`), (listed) => listed.key)
    const named = [key!, `${prefix}/wirephoto`]
    assert.ok(named.every((each) => keys.includes(each)))
    return keys.filter((each) => !named.includes(each))
  }
  /** Looks for what is left, as a start does. Resolves to the number of objects without a name. */
  const look = async () => {
    const inner = await openSqlite(url.replace(/^sqlite:|\?blobs.*$/g, ''))
    const strays = new Strays(bucket)
    strays.removeOld(prefix, inner.blobs)
    await strays.whenFound
    await inner.close()
    return (await strayKeys()).length
  }
  await leave(10)
  s3.aheadMs = 6 * DAY_MS
  assert.equal(await look(), 10, 'they may be on their way')
  s3.aheadMs = 8 * DAY_MS
  assert.equal(await look(), 0)
  await leave(11)
  assert.equal(await look(), 11, 'the database may be an older one')
  await bucket.delete((await strayKeys())[0]!)
  // A start does so in the background.
  const again = await openEngine(url)
  t.after(() => again.close())
  while ((await strayKeys()).length > 0) await setTimeout(PAUSE_MS)
  assert.ok((await buffer(await again.blobs.get(sha256))).equals(bytes))
})

test('E47: puts of one blob at the same time store one object', async (t) => {
  const { engine, newFile } = await setUp(t)
  const { path, sha256, bytes } = await newFile(50_000)
  await Promise.all(Array.from({ length: 8 }, () => engine.blobs.put(path, sha256)))
  assert.equal((await keysOf(sha256)).length, 1)
  assert.ok((await buffer(await engine.blobs.get(sha256))).equals(bytes))
  await rm(path)
  await assert.rejects(engine.blobs.put(path, sha256), { code: 'ENOENT' })
})
