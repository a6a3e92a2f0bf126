import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { ImageRecord } from '@wirephoto/board'
import { type Engine, openEngine } from '@wirephoto/engine'
import { type IncomingFile, IncomingFiles } from '@wirephoto/server'
import { seededRandom } from '../../support/pictures.ts'

/** An acknowledgement: so many bytes of an upload, or that it is stored. */
export interface Acknowledgement {
  readonly id: string
  readonly offset: number
  readonly stored: boolean
}

export const BOARD = 'harbour'
/** Lengths of uploads: one part, several parts, and more than is made durable in one go. */
const SIZES_BYTES = [9_000, 120_000, 700_000, 1_500_000, 1_500_000, 300_000]
export const UPLOADS = SIZES_BYTES.map((_, i) => `0190a0b0-0000-7000-8000-00000000000${i}`)
const PART_BYTES = 200_000

/** The files that were drawn already: each check compares all of them. */
const files = new Map<string, Buffer>()

/** Returns the file of an upload. */
function fileOf(id: string): Buffer {
  const file = files.get(id) ?? drawFile(UPLOADS.indexOf(id))
  files.set(id, file)
  return file
}

/** Draws a JPEG that is all one scan, with unique bytes. */
function drawFile(number: number): Buffer {
  const random = seededRandom(number)
  const bytes = Buffer.alloc(SIZES_BYTES[number]!)
  for (let i = 0; i + 4 <= bytes.length; i += 4)
    bytes.writeUInt32LE((random() * 2 ** 32) & 0x7f7f7f7f, i)
  Buffer.from('ffd8ffe000104a46494600010100000100010000ffda0002', 'hex').copy(bytes)
  return bytes
}

/**
 * Receives the rest of an upload part by part and stores it, as Intake does, but without
 * validation.
 */
export async function sendUpload(
  { engine, incomingFiles }: Parts,
  id: string,
  say: (said: Acknowledgement) => void = () => {},
): Promise<void> {
  const bytes = fileOf(id)
  const incomingFile = await incomingFiles.create({
    board: BOARD,
    id,
    name: 'a.jpg',
    length: bytes.length,
  })
  say({ id, offset: incomingFile.offset, stored: false })
  while (!incomingFile.isComplete) {
    const at = incomingFile.offset
    const part = bytes.subarray(at, at + PART_BYTES)
    await incomingFile.receive(Readable.from([part.subarray(0, 70_000), part.subarray(70_000)]), {
      at,
      limit: bytes.length,
    })
    if (!incomingFile.isComplete) say({ id, offset: await incomingFile.sync(), stored: false })
  }
  await store(engine, incomingFile, id)
  say({ id, offset: bytes.length, stored: true })
  await incomingFiles.remove(incomingFile)
}

interface Parts {
  readonly engine: Engine
  readonly incomingFiles: IncomingFiles
}

async function store(engine: Engine, incomingFile: IncomingFile, id: string): Promise<void> {
  const blob = await incomingFile.digest()
  await engine.blobs.put(incomingFile.path, blob)
  const append = async () => {
    const { cursor: expected } = await engine.log.load(BOARD)
    const changes = [{ put: pictureOf(id, blob) }]
    return engine.log.append(BOARD, { expected, changes, clients: new Map() })
  }
  // Each time another upload was first.
  for (let tries = 0; tries < UPLOADS.length; tries++) if (await append()) return
  assert.fail('never the first')
}

/**
 * Opens a folder after a power cut. Checks that acknowledgements hold, and that every upload
 * continues to a whole blob (F1).
 */
export async function check(folder: string, lines: readonly string[]): Promise<void> {
  const said = new Map(
    lines.map((line) => JSON.parse(line) as Acknowledgement).map((each) => [each.id, each]),
  )
  const engine = await openEngine(`sqlite:${folder}`)
  try {
    if (!(await engine.boards.has(BOARD))) return assert.equal(said.size, 0)
    const incomingFiles = await IncomingFiles.open(join(folder, 'arrivals'))
    const before = await blobsOf(engine)
    for (const [id, { offset, stored }] of said) {
      if (stored) assert.ok(before.has(id), `${id} was stored and is gone`)
      if (before.has(id)) continue
      const incomingFile = incomingFiles.get(BOARD, id)
      assert.ok(
        incomingFile && incomingFile.offset >= offset,
        `${id} had ${offset} bytes, not ${incomingFile?.offset}`,
      )
      const there = await readFile(incomingFile.path)
      assert.ok(there.equals(fileOf(id).subarray(0, incomingFile.offset)), `${id} has other bytes`)
    }
    for (const id of UPLOADS) if (!before.has(id)) await sendUpload({ engine, incomingFiles }, id)
    for (const [id, blob] of await blobsOf(engine)) {
      const hash = createHash('sha256').update(await buffer(await engine.blobs.get(blob)))
      assert.equal(hash.digest('hex'), blob, `${id} is stored and damaged`)
      assert.equal(blob, createHash('sha256').update(fileOf(id)).digest('hex'))
    }
    await incomingFiles.close()
  } finally {
    await engine.close()
  }
}

async function blobsOf(engine: Engine): Promise<Map<string, string>> {
  const { records } = await engine.log.load(BOARD)
  return new Map(
    records.flatMap((record) =>
      record.kind === 'image' && record.blob !== null ? [[record.id, record.blob]] : [],
    ),
  )
}

const pictureOf = (id: string, blob: string): ImageRecord => ({
  kind: 'image',
  id,
  x: 0,
  y: 0,
  w: 4,
  z: 'a0',
  caption: '',
  name: 'a.jpg',
  type: 'image/jpeg',
  width: 4,
  height: 3,
  bytes: fileOf(id).length,
  thumbhash: null,
  blob,
  animated: false,
  variants: null,
  source: null,
  author: 'anna',
  by: '',
  createdAt: 0,
  original: null,
  storedAt: 0,
  deletedAt: null,
  deletedBy: null,
  replacedAt: null,
  slot: null,
  purgeAt: null,
  purgeBy: null,
  link: null,
})
