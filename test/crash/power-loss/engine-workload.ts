import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import {
  type AnyRecord,
  applyChanges,
  type Change,
  type ImageRecord,
  seqOf,
} from '@wirephoto/board'
import { type ClientState, type Engine, openEngine } from '@wirephoto/engine'

/** An acknowledgement that the writer prints: the board has reached `seq`. */
export interface Acknowledgement {
  readonly board: string
  readonly seq: number
}

/** The batch of that number, which is the same at every run. */
export interface WorkloadBatch {
  readonly changes: readonly Change[]
  readonly clients: ReadonlyMap<string, ClientState>
  /** The blob to put before the batch. */
  readonly blob: Buffer | null
}

export const BOARDS = ['harbour', 'market']

export function batchOf(board: string, seq: number): WorkloadBatch {
  // Every fifth picture has the same blob as an older one, from whichever board came first.
  const blob = seq % 2 ? bytesOf(seq % 10 === 9 ? `both ${seq}` : `${board} ${seq}`) : null
  const moved = [seq - 1, seq - 2, seq - 7].filter((n) => n > 0 && n % 2 === 1 && n % 3 !== 0)
  return {
    blob,
    changes: [
      ...(blob ? [{ put: picture(board, seq, blob, 0) }] : []),
      ...moved.map((n) => ({ put: picture(board, n, batchOf(board, n).blob, seq) })),
      ...(seq % 3 === 0 && seq > 9 ? [{ gone: idOf(board, seq - 6) }] : []),
    ],
    clients: new Map([[`${board} ${seq % 4}`, { n: seq, seq, refused: [] }]]),
  }
}

/**
 * Opens the engine on a folder, and checks that it has whole batches, and all that was acknowledged
 * (F1).
 */
export async function check(folder: string, said: readonly string[]): Promise<void> {
  const acknowledged = new Map(
    said.map((line) => JSON.parse(line) as Acknowledgement).map(({ board, seq }) => [board, seq]),
  )
  const engine = await openEngine(`sqlite:${folder}`)
  try {
    for (const board of BOARDS) {
      const least = acknowledged.get(board)
      if (await engine.boards.has(board)) await checkBoard(engine, board, least ?? 0)
      else assert.equal(least, undefined, `the board ${board} is lost`)
    }
  } finally {
    await engine.close()
  }
}

async function checkBoard(engine: Engine, board: string, least: number): Promise<void> {
  const { cursor, records, clients } = await engine.log.load(board)
  const at = seqOf(cursor)
  assert.ok(at >= least, `${board} stands at ${at}, and ${least} was acknowledged`)
  const expected = {
    records: new Map<string, AnyRecord>(),
    clients: new Map<string, ClientState>(),
  }
  for (let seq = 1; seq <= at; seq++) {
    const { changes, clients } = batchOf(board, seq)
    applyChanges(expected.records, changes)
    for (const [client, state] of clients) expected.clients.set(client, state)
  }
  assert.deepEqual(new Map(records.map((record) => [record.id, record])), expected.records)
  assert.deepEqual(clients, expected.clients)
  await Promise.all(
    records.map(async (record) => {
      const { blob } = record as ImageRecord
      assert.ok(await engine.blobs.has(blob!), `${record.id} names a blob that isn't there`)
      assert.equal(sha256Of(await buffer(await engine.blobs.get(blob!))), blob)
    }),
  )
}

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

const idOf = (board: string, seq: number): string => `${board} ${seq}`

/** Returns 1 to 9 kB that depend on a name. */
function bytesOf(name: string): Buffer {
  const seed = createHash('sha256').update(name).digest()
  return Buffer.alloc(1_000 + (seed.readUInt16BE() % 8_000), seed)
}

const picture = (board: string, seq: number, blob: Buffer | null, x: number): ImageRecord => ({
  kind: 'image',
  id: idOf(board, seq),
  x,
  y: 0,
  w: 240,
  z: 'a0',
  caption: '',
  name: `${board}.jpg`,
  type: 'image/jpeg',
  width: 640,
  height: 480,
  bytes: blob && blob.length,
  thumbhash: null,
  blob: blob && sha256Of(blob),
  animated: false,
  variants: null,
  source: null,
  author: 'writer',
  by: '',
  createdAt: 1_700_000_000_000,
  original: null,
  storedAt: blob && 1_700_000_000_000,
  deletedAt: null,
  deletedBy: null,
  replacedAt: null,
  slot: null,
  purgeAt: null,
  purgeBy: null,
  link: null,
})
