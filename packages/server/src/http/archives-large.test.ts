import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { uuidv7 } from '@wirephoto/board'
import { EFFORT_FACTOR } from '../../../../test/support/effort.ts'
import { Harness } from '../../support/http-harness.ts'
import { storePicture } from '../../support/made-pictures.ts'
import { SERVER } from '../boards/boards.ts'

const FILE_BYTES = 100_000_000
/** Copies, which share one file on the disk: 10 GB with much effort, else 400 MB. */
const PICTURE_COUNT = EFFORT_FACTOR > 1 ? 100 : 4
const MAX_RSS_BYTES = 500_000_000

test(`H24, H30: ${PICTURE_COUNT} files of 100 MB come as they were stored, with flat memory`, {
  skip: EFFORT_FACTOR === 1 && 'takes minutes; npm run test:long',
}, async (t) => {
  const server = await Harness.open()
  t.after(() => server.close())
  const content = randomBytes(FILE_BYTES)
  const { id: sourceId } = await storePicture(server, { bytes: content, name: 'a.jpg' })
  using held = await server.boards.hold('main')
  for (let i = 1; i < PICTURE_COUNT; i++) {
    const id = uuidv7(Date.now() + i, randomBytes(10))
    await held.board.act([{ kind: 'image.copy', id, sourceId, x: 0, y: 0 }], SERVER)
  }
  const response = await fetch(`${server.url}/api/boards/main/archive.zip`)
  const total = Number(response.headers.get('content-length'))
  assert.ok(total > PICTURE_COUNT * FILE_BYTES)
  const before = process.memoryUsage().rss
  let at = 0
  let header = Buffer.alloc(0)
  /** Bytes of the current file that have come; null between two files. */
  let inFile: number | null = null
  let fileCount = 0
  for await (const chunk of response.body!) {
    at += chunk.length
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    while (rest.length > 0 && fileCount < PICTURE_COUNT)
      if (inFile === null) {
        header = Buffer.concat([header, rest])
        const length = header.length < 30 ? 30 : headerBytes(header)
        rest = header.subarray(length)
        if (header.length < length) break
        inFile = 0
        header = Buffer.alloc(0)
      } else {
        const some = rest.subarray(0, FILE_BYTES - inFile)
        assert.ok(some.equals(content.subarray(inFile, inFile + some.length)), `at ${at}`)
        inFile += some.length
        rest = rest.subarray(some.length)
        if (inFile < FILE_BYTES) continue
        inFile = null
        fileCount++
      }
    assert.ok(process.memoryUsage().rss - before < MAX_RSS_BYTES)
  }
  assert.equal(at, total)
  assert.equal(fileCount, PICTURE_COUNT)
  const rest = await fetch(response.url, { headers: { range: 'bytes=-98' } })
  const end = Buffer.from(await rest.arrayBuffer())
  const isZip64 = total > 0xffffffff
  assert.equal(end.readUInt32LE(0) === 0x06064b50, isZip64)
  if (isZip64) assert.equal(end.readBigUInt64LE(32), BigInt(PICTURE_COUNT))
})

const headerBytes = (header: Buffer): number =>
  30 + header.readUInt16LE(26) + header.readUInt16LE(28)
