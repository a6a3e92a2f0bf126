import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type ImageRecord, VARIANT_SIDES_PX } from '@wirephoto/board'
import { openBucket } from '@wirephoto/engine'
import sharp from 'sharp'
import { cleanupAfter } from '../support/cleanup.ts'
import { databaseProviders } from '../support/databases.ts'
import { drawPicture } from '../support/pictures.ts'
import { S3Server } from '../support/s3.ts'
import { ServerProcess } from '../support/server-process.ts'
import { WireClient } from '../support/wire-client.ts'

/* A whole server whose pictures lie in S3, beside one whose pictures lie in its folder. */

const PAUSE_MS = 50
/** The noise of it makes a file of several parts in S3, each of 5 MiB. */
const LARGE_SIDE_PX = 1_400
/** Headers that differ between any two answers. */
const OWN_HEADERS = new Set(['date', 'set-cookie', 'connection', 'keep-alive'])
/** The bytes that one reader asks for across two parts in S3. */
const [START_BYTES, END_BYTES] = [5_242_000, 5_244_000]

const stack = cleanupAfter()
let s3: S3Server
let folder: string
let pictures: readonly { readonly name: string; readonly bytes: Buffer }[]
let beside: ServedPictures
before(async () => {
  s3 = stack.adopt(await S3Server.open(), (each) => each.close())
  folder = await mkdtemp(join(tmpdir(), 'wirephoto-s3-server-'))
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }))
  const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const
  const create = { width: LARGE_SIDE_PX, height: LARGE_SIDE_PX, channels: 3, noise } as const
  const large = await sharp({ create: { ...create, background: '#777' } })
    .png()
    .toBuffer()
  assert.ok(large.length > END_BYTES)
  const small = await drawPicture({ width: 1_400, height: 1_000 })
  pictures = [
    { name: 'large.png', bytes: large },
    { name: 'Würfel "1".jpg', bytes: small },
  ]
  beside = await serve(`sqlite:${join(folder, 'beside')}`)
})

/** A server that has stored the pictures. */
interface ServedPictures {
  readonly server: ServerProcess
  readonly board: string
  readonly records: readonly ImageRecord[]
}

async function serve(engine: string): Promise<ServedPictures> {
  const args = ['--engine', engine, '--bound', 'purge-grace=1']
  const server = stack.adopt(await ServerProcess.open({ args, openBoardCount: 1 }), (each) =>
    each.close(),
  )
  const board = await server.newBoard()
  const records: ImageRecord[] = []
  for (const { name, bytes } of pictures) {
    const url = `${server.url}/b/${board}/${encodeURIComponent(name)}`
    const answer = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) })
    assert.equal(answer.status, 201)
    records.push((await answer.json()) as ImageRecord)
  }
  for (const { blob } of records)
    for (const side of VARIANT_SIDES_PX) {
      const url = `${server.url}/b/${board}/blob/${blob}/${side}`
      while ((await fetch(url)).status !== 200) await setTimeout(PAUSE_MS)
    }
  return { server, board, records }
}

/** Asks one server for a picture in every way. Returns the answers by what was asked. */
async function answersOf({ server, board, records }: ServedPictures, index: number) {
  const { id, blob, bytes } = records[index]!
  const file = `/api/boards/${board}/images/${id}/file`
  const etag = `"${blob}"`
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const answer = await fetch(server.url + path, { method, headers })
    const shown = [...answer.headers].filter(([name]) => !OWN_HEADERS.has(name))
    const body = Buffer.from(await answer.arrayBuffer())
    return { status: answer.status, headers: Object.fromEntries(shown), body }
  }
  return {
    whole: await ask(file),
    head: await ask(file, {}, 'HEAD'),
    download: await ask(`${file}?download`),
    byBlob: await ask(`/b/${board}/blob/${blob}/original`),
    first: await ask(file, { range: 'bytes=0-99' }),
    middle: await ask(file, { range: `bytes=${START_BYTES}-${END_BYTES - 1}` }),
    suffix: await ask(file, { range: 'bytes=-500' }),
    beyond: await ask(file, { range: `bytes=${bytes}-` }),
    known: await ask(file, { 'if-none-match': etag }),
    sameRange: await ask(file, { range: 'bytes=5-', 'if-range': etag }),
    otherRange: await ask(file, { range: 'bytes=5-', 'if-range': '"other"' }),
    ...Object.fromEntries(
      await Promise.all(
        VARIANT_SIDES_PX.map(async (side) => [
          `${side} px`,
          await ask(`/b/${board}/blob/${blob}/${side}`),
        ]),
      ),
    ),
  }
}

for (const place of [null, ...(await databaseProviders())])
  describe(`a server with ${place?.name ?? 'SQLite'} whose pictures are in S3`, {
    skip: place?.skipReason ?? false,
  }, () => {
    let served: ServedPictures
    before(async () => {
      const database = place && stack.adopt(await place.open(), (each) => each.close())
      const engine = (await database?.newUrl()) ?? `sqlite:${join(folder, 'boards')}`
      served = await serve(`${engine}?blobs=${s3.blobs}`)
    })

    test('E115: it answers for every file as a server does that has them in a folder', async () => {
      for (const [index, { name, bytes }] of pictures.entries()) {
        const [found, expected] = [await answersOf(served, index), await answersOf(beside, index)]
        assert.deepEqual(found, expected, name)
        const { whole, head, middle, suffix, beyond, known } = found
        assert.equal(Buffer.compare(whole.body, bytes), 0)
        const { headers } = whole
        const type = index === 0 ? 'image/png' : 'image/jpeg'
        assert.deepEqual(
          [headers['content-type'], headers['x-content-type-options'], headers['etag']],
          [type, 'nosniff', `"${served.records[index]!.blob}"`],
        )
        assert.equal(headers['content-security-policy'], "sandbox; default-src 'none'")
        assert.match(headers['content-disposition']!, /^inline; filename=/)
        assert.equal(headers['cache-control'], 'private, no-cache')
        assert.deepEqual([head.status, head.headers, head.body.length], [200, headers, 0])
        const large = bytes.length > END_BYTES
        assert.equal(middle.status, large ? 206 : 416)
        if (large) assert.deepEqual(middle.body, bytes.subarray(START_BYTES, END_BYTES))
        assert.deepEqual([suffix.status, suffix.body], [206, bytes.subarray(-500)])
        assert.deepEqual([beyond.status, known.status, known.body.length], [416, 304, 0])
      }
    })

    test('E115: its pictures are in S3, so a server without it answers for none', async () => {
      const asked = s3.requests.length
      const { board, records, server } = served
      s3.fate = () => 'cut'
      const url = `${server.url}/api/boards/${board}/images/${records[0]!.id}/file`
      assert.equal((await fetch(url)).status, 503)
      s3.fate = () => 'passed'
      const answer = await fetch(url)
      assert.deepEqual(Buffer.from(await answer.arrayBuffer()), pictures[0]!.bytes)
      assert.ok(s3.requests.slice(asked).some((line) => line.includes(records[0]!.blob!)))
    })

    test('E115: a deleted picture is served to the trash, and a purged one to nobody', async () => {
      const { server, board, records } = served
      const { id, blob } = records[0]!
      const client = await WireClient.connect(server.url, board, undefined, server.newOwner(board))
      const file = `${server.url}/api/boards/${board}/images/${id}/file`
      const statusOf = async (url: string) => (await fetch(url, { method: 'HEAD' })).status
      await client.send({ kind: 'image.remove', id })
      assert.equal(await statusOf(file), 200)
      await client.send({ kind: 'image.purge', id })
      client.close()
      while ((await statusOf(file)) !== 404) await setTimeout(PAUSE_MS)
      // Servers that share a database keep the object for as long as another one may name it.
      if (place) return
      const bucket = await openBucket(s3.blobs)
      const isThere = async () => {
        const keys = await Array.fromAsync(bucket.list(''), ({ key }) => key)
        return keys.some((key) => key.includes(blob!))
      }
      while (await isThere()) await setTimeout(PAUSE_MS)
    })
  })
